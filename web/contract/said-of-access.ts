import { Type } from "typebox";
import { MeAnswer } from "../../schema/operator-api.ts";
import { done, type Said, under, type Words } from "./saying.ts";

const unprovisioned = { 404: ["NOT_PROVISIONED"] } as const;
const settled: Words = { answers: done, refusals: unprovisioned };
const deviceId = ["DEVICE_ID_INVALID"] as const;
const operatorChange: Words = { answers: done, refusals: { 404: ["OPERATOR_UNKNOWN"], 409: ["LAST_ADMIN"] } };
const Csv = Type.String({ description: "CSV", contentMediaType: "text/csv" });

/** The routes of what may connect, and of who may log in. */
export const saidOfAccess: readonly (readonly [string, Said])[] = [
  ...under("device access", {
    "POST /api/v1/devices": [
      "Provision one device, or many",
      {
        refusals: {
          400: [...deviceId, "PASSWORD_INVALID", "TOO_MANY_CHOSEN_PASSWORDS"],
          409: ["DEVICE_EXISTS"],
        },
      },
    ],
    "POST /api/v1/devices/import": [
      "Provision the devices of a list",
      {
        answers: { 201: Csv },
        refusals: {
          400: ["LIST_INVALID", "PASSWORD_INVALID", "TOO_MANY_CHOSEN_PASSWORDS", ...deviceId],
          409: ["DEVICE_EXISTS"],
        },
      },
    ],
    "GET /api/v1/access/devices": "List provisioned devices, by id",
    "GET /api/v1/devices/:id/access": ["Look at what a device may connect with", { refusals: unprovisioned }],
    "POST /api/v1/devices/:id/rotate": [
      "Give a device a new password",
      { refusals: { 400: ["PASSWORD_INVALID"], ...unprovisioned } },
    ],
    "POST /api/v1/devices/:id/revoke": ["Take every password away, and disable", settled],
    "POST /api/v1/devices/:id/enable": ["Let a device connect again", settled],
    "POST /api/v1/devices/:id/disable": ["Let a device connect no more", settled],
    "PUT /api/v1/devices/:id/labels": ["Replace the labels of a device", settled],
    "POST /api/v1/devices/:id/certificates/revoke": ["Refuse a certificate from now on", { answers: done }],
    "DELETE /api/v1/devices/:id": ["Remove a device; its readings stay", settled],
    "GET /api/v1/services": "List service accounts",
    "POST /api/v1/services": [
      "Add a service account",
      { refusals: { 400: ["NAME_INVALID", "TOPIC_FILTER_INVALID"], 409: ["NAME_TAKEN"] } },
    ],
    "POST /api/v1/services/:name/rotate": [
      "Give a service account a new password",
      { refusals: { 400: ["PASSWORD_INVALID"], ...unprovisioned } },
    ],
    "POST /api/v1/services/:name/revoke": ["Take every password away, and disable", settled],
    "POST /api/v1/services/:name/enable": ["Let a service account connect again", settled],
    "POST /api/v1/services/:name/disable": ["Let a service account connect no more", settled],
    "DELETE /api/v1/services/:name": ["Remove a service account", settled],
    "GET /api/v1/claims": "List claim tokens",
    "POST /api/v1/claims": [
      "Add a claim token",
      { refusals: { 400: ["NAME_INVALID"], 409: ["NAME_TAKEN"] } },
    ],
    "DELETE /api/v1/claims/:name": [
      "Remove a claim token",
      { answers: done, refusals: { 404: ["CLAIM_UNKNOWN"] } },
    ],
    "POST /api/v1/claim": [
      "Trade a claim token for credentials, as a device",
      {
        refusals: {
          400: deviceId,
          403: ["CLAIM_EXPIRED", "CLAIM_USED_UP"],
          404: ["CLAIM_UNKNOWN"],
          409: ["DEVICE_EXISTS"],
        },
      },
    ],
  }),
  ...under("operators", {
    "GET /api/v1/me": "Say who asks",
    "POST /api/v1/login": [
      "Log in",
      { answers: { 200: MeAnswer }, refusals: { 401: ["LOGIN_REFUSED"], 429: ["LOGIN_TOO_OFTEN"] } },
    ],
    "POST /api/v1/logout": ["Log out", { answers: done }],
    "POST /api/v1/first-admin": [
      "Make the first admin",
      {
        answers: { 201: MeAnswer },
        refusals: {
          400: ["PASSWORD_WEAK"],
          401: ["LOGIN_REFUSED"],
          403: ["FIRST_ADMIN_REFUSED"],
          429: ["LOGIN_TOO_OFTEN"],
        },
      },
    ],
    "POST /api/v1/me/password": [
      "Change one's own password",
      {
        answers: done,
        refusals: {
          400: ["PASSWORD_WEAK"],
          401: ["LOGIN_REFUSED"],
          403: ["PASSWORD_WRONG"],
          404: ["NOT_FOUND"],
          429: ["LOGIN_TOO_OFTEN"],
        },
      },
    ],
    "GET /api/v1/operators": "List operators",
    "POST /api/v1/operators": [
      "Add an operator",
      { refusals: { 400: ["PASSWORD_WEAK"], 409: ["NAME_TAKEN"] } },
    ],
    "PATCH /api/v1/operators/:name": ["Change the role of an operator, or disable", operatorChange],
    "DELETE /api/v1/operators/:name": ["Remove an operator", operatorChange],
    "POST /api/v1/operators/:name/password": [
      "Give an operator a new password",
      { refusals: { 400: ["PASSWORD_WEAK"], 404: ["OPERATOR_UNKNOWN"] } },
    ],
    "GET /api/v1/tokens": "List API tokens",
    "POST /api/v1/tokens": ["Make an API token", { refusals: { 409: ["NAME_TAKEN"] } }],
    "DELETE /api/v1/tokens/:id": [
      "Revoke an API token",
      { answers: done, refusals: { 404: ["TOKEN_UNKNOWN"] } },
    ],
    "GET /api/v1/embeds": "List the charts that pages elsewhere may show",
    "POST /api/v1/embeds": "Make a token for the charts of one device",
    "DELETE /api/v1/embeds/:id": [
      "Revoke the token of a chart",
      { answers: done, refusals: { 404: ["EMBED_UNKNOWN"] } },
    ],
    "GET /api/v1/audit": "List changes, newest first",
  }),
];
