import { Type } from "typebox";
import {
  LegacyAccepted,
  LegacyConfig,
  LegacyConfigured,
  LegacyData,
  LegacyHealth,
  LegacyLatest,
} from "../../schema/legacy-api.ts";
import { rejectionCodes } from "../../schema/rejection.ts";
import type { Described } from "./openapi.ts";

const tag = "legacy";

/** The ancestor's routes. Another service answers them, perhaps on a listener of its own, so they are told of here. */
export function legacyRoutes(server: string | undefined): readonly Described[] {
  const isLegacy = true;
  const routes: Omit<Described, "server">[] = [
    {
      route: {
        ...{ method: "POST", url: "/data", access: { needs: "operator", isLegacy } },
        schema: { body: LegacyData, response: { 202: LegacyAccepted } },
      },
      said: {
        ...{ tag, summary: "Take readings in, as the ancestor did", answers: {} },
        refusals: { 400: rejectionCodes, 503: ["BROKER_DOWN", "GATEWAY_BUSY"] },
      },
    },
    {
      route: {
        ...{ method: "GET", url: "/latest", access: { needs: "viewer", isLegacy } },
        schema: { response: { 200: LegacyLatest } },
      },
      said: { tag, summary: "The newest readings of the active devices", answers: {}, refusals: {} },
    },
    {
      route: {
        ...{ method: "POST", url: "/config", access: { needs: "operator", isLegacy } },
        schema: { body: LegacyConfig, response: { 200: LegacyConfigured } },
      },
      said: {
        ...{ tag, summary: "Say how long a device may be silent", answers: {} },
        refusals: { 400: ["SETTING_INVALID"] },
      },
    },
    {
      route: {
        ...{ method: "GET", url: "/health", access: { isOpen: true } },
        schema: { response: { 200: Type.Union([LegacyHealth]) } },
      },
      said: { tag, summary: "Whether it answers", answers: {}, refusals: {} },
    },
  ];
  return routes.map((route) => ({ ...route, server }));
}
