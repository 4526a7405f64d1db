import { Type } from "typebox";
import { rejectionCodes } from "../../schema/rejection.ts";
import { saidOfAccess } from "./said-of-access.ts";
import { done, type Said, under, type Words } from "./saying.ts";

const alarmChange: Words = { refusals: { 404: ["ALARM_UNKNOWN"], 409: ["ALARM_STALE", "ALARM_STATE"] } };
const deviceId = ["DEVICE_ID_INVALID"] as const;
const modelChange = (...codes: string[]): Words => ({
  refusals: { 404: ["MODEL_TYPE_UNKNOWN", "MODEL_UNKNOWN"], 409: ["MODEL_STALE", ...codes] },
});
const routeChange: Words = {
  refusals: {
    400: ["ROUTE_INVALID"],
    404: ["ROUTE_UNKNOWN"],
    409: ["ROUTE_NAME_TAKEN", "ROUTE_STALE"],
  },
};
const tuningChange: Words = {
  refusals: { 404: ["TUNING_UNKNOWN"], 409: ["PREVIEW_UNFINISHED", "TUNING_STALE"] },
};
const ruleChange: Words = {
  refusals: { 400: ["RULE_INVALID"], 404: ["RULE_UNKNOWN"], 409: ["NAME_TAKEN", "RULE_STALE"] },
};
const CommandState = { id: Type.String(), state: Type.String() };

/** Every route of the API, in the order in which the page shows them. A test sees to it that none is missing, and none is left over. */
export const saidOfRoutes: ReadonlyMap<string, Said> = new Map([
  ...under("fleet", {
    "GET /api/v1/overview": "Count the fleet: devices by state, open alarms, readings a second",
    "GET /api/v1/devices": [
      "List devices, with the newest reading of each sensor",
      { refusals: { 400: ["CURSOR_INVALID"] } },
    ],
    "GET /api/v1/doors": "Say where devices find the platform",
    "GET /api/v1/ops": "Say how the machinery stands: shards, brokers, writes",
    "GET /api/v1/settings": "Say what the platform was told by its configuration",
  }),
  ...under("views", {
    "GET /api/v1/views": "List the saved views of a page",
    "POST /api/v1/views": ["Save a view", { refusals: { 409: ["NAME_TAKEN", "VIEWS_TOO_MANY"] } }],
    "PATCH /api/v1/views/:id": [
      "Rename a view, share it, or give it another filter",
      { refusals: { 404: ["VIEW_UNKNOWN"], 409: ["NAME_TAKEN"] } },
    ],
    "DELETE /api/v1/views/:id": ["Remove a view", { answers: done, refusals: { 404: ["VIEW_UNKNOWN"] } }],
  }),
  ...under("readings", {
    "GET /api/v1/history": "Read any range of some series at a wanted number of points",
    "GET /api/v1/readings": "Read the newest readings of every sensor of some devices",
    "GET /api/v1/anomalies": [
      "List anomalies, newest first",
      { refusals: { 400: ["CURSOR_INVALID", "RANGE_INVALID"] } },
    ],
  }),
  ...under("export", {
    "GET /api/v1/export.csv": ["Take readings away as CSV", { refusals: { 400: ["RANGE_INVALID"] } }],
    "GET /api/v1/export.parquet": ["Take readings away as Parquet", { refusals: { 400: ["RANGE_INVALID"] } }],
  }),
  ...under("alarms", {
    "GET /api/v1/alarms": "List alarms, newest first",
    "GET /api/v1/alarms/:id": [
      "Look at an alarm, with what happened to it",
      { refusals: { 404: ["ALARM_UNKNOWN"] } },
    ],
    "POST /api/v1/alarms/:id/acknowledge": ["Acknowledge an alarm", alarmChange],
    "POST /api/v1/alarms/:id/comment": ["Comment on an alarm", alarmChange],
    "POST /api/v1/alarms/:id/assign": ["Give an alarm to somebody", alarmChange],
    "POST /api/v1/alarms/:id/shelve": ["Put an alarm on the shelf, or take it off", alarmChange],
    "POST /api/v1/alarms/:id/clear": ["Clear an alarm", alarmChange],
    "POST /api/v1/alarms/:id/feedback": ["Say whether an alarm was right", alarmChange],
  }),
  ...under("rules", {
    "GET /api/v1/rules": "List operators' own rules",
    "GET /api/v1/rules/:id": ["Look at a rule", { refusals: { 404: ["RULE_UNKNOWN"] } }],
    "POST /api/v1/rules": ["Add a rule", { refusals: { 400: ["RULE_INVALID"], 409: ["NAME_TAKEN"] } }],
    "PUT /api/v1/rules/:id": ["Change a rule", ruleChange],
    "DELETE /api/v1/rules/:id": [
      "Remove a rule",
      { answers: done, refusals: { 404: ["RULE_UNKNOWN"], 409: ["RULE_STALE"] } },
    ],
  }),
  ...under("tunings", {
    "GET /api/v1/tunings": "List the tunings in force",
    "GET /api/v1/tunings/previews/:id": ["Look at a preview", { refusals: { 404: ["TUNING_UNKNOWN"] } }],
    "POST /api/v1/tunings/preview": "Ask what a tuning would have changed",
    "POST /api/v1/tunings": ["Apply what was previewed", tuningChange],
    "POST /api/v1/tunings/rollback": ["Undo a tuning", tuningChange],
  }),
  ...under("models", {
    "GET /api/v1/models": "List the sensor types that have models",
    "GET /api/v1/models/:type": [
      "Look at the versions of a type",
      { refusals: { 404: ["MODEL_TYPE_UNKNOWN"] } },
    ],
    "GET /api/v1/models/:type/versions/:version": [
      "Look at one version",
      { refusals: { 404: ["MODEL_UNKNOWN"] } },
    ],
    "POST /api/v1/models/:type/promote": [
      "Let a version judge",
      modelChange("MODEL_ACTIVE", "MODEL_NOT_KEPT"),
    ],
    "POST /api/v1/models/:type/rollback": [
      "Go back to the version before",
      modelChange("MODEL_NONE_BEFORE", "MODEL_NOT_KEPT"),
    ],
    "POST /api/v1/models/:type/pin": ["Keep the version that judges", modelChange()],
    "POST /api/v1/models/:type/unpin": ["Let new versions judge again", modelChange()],
    "POST /api/v1/models/:type/train": [
      "Order a training",
      modelChange("MODEL_TRAINING", "MODEL_NOT_REPEATABLE"),
    ],
    "PUT /api/v1/models/:type/devices/:deviceId": [
      "Judge a device by a version of its own",
      modelChange("MODEL_NOT_KEPT"),
    ],
    "DELETE /api/v1/models/:type/devices/:deviceId": [
      "Judge a device as its type is again",
      { refusals: { 404: ["MODEL_TYPE_UNKNOWN", "MODEL_OVERRIDE_UNKNOWN"], 409: ["MODEL_STALE"] } },
    ],
  }),
  ...under("commands", {
    "GET /api/v1/devices/:id/commands": [
      "List the commands to a device, newest first",
      { refusals: { 400: deviceId } },
    ],
    "POST /api/v1/devices/:id/commands/:name": [
      "Tell a device something, and wait for its answer",
      {
        answers: {
          200: Type.Object({ ...CommandState, answer: Type.Unknown() }),
          202: Type.Object({ ...CommandState, expiresUs: Type.Integer() }),
        },
        refusals: {
          400: [...deviceId, "PAYLOAD_TOO_LARGE"],
          429: ["COMMANDS_TOO_MANY"],
          503: ["BROKER_DOWN"],
          504: ["COMMAND_UNANSWERED"],
        },
      },
    ],
    "DELETE /api/v1/devices/:id/commands/:command": [
      "Call a command back that waits",
      { answers: done, refusals: { 404: ["COMMAND_UNKNOWN"], 409: ["COMMAND_SENT", "COMMAND_OVER"] } },
    ],
  }),
  ...under("ledger", {
    "GET /api/v1/ledger": "Say what became of everything that was taken in",
    "GET /api/v1/ledger/devices": "The same by device",
    "GET /api/v1/ledger/devices/:id": "The same of one device",
    "GET /api/v1/rejected": "List refused messages, newest first",
    "POST /api/v1/rejected/replay": "Take refused messages in again",
    "POST /api/v1/rejected/discard": "Throw refused messages away",
    "POST /api/v1/rejected/:id/replay": [
      "Take one in again",
      {
        answers: { 200: Type.Object({ replayed: Type.Integer() }) },
        refusals: {
          404: ["REJECTION_UNKNOWN"],
          409: ["REJECTION_CUT", "REJECTION_ALTERED", "REJECTION_NOT_TELEMETRY"],
          422: rejectionCodes,
        },
      },
    ],
    "DELETE /api/v1/rejected/:id": [
      "Throw one away",
      { answers: done, refusals: { 404: ["REJECTION_UNKNOWN"] } },
    ],
  }),
  ...under("notifications", {
    "GET /api/v1/notifications": "List notifications, newest first",
    "POST /api/v1/notifications/:id/retry": [
      "Try a notification again",
      { refusals: { 404: ["NOTIFICATION_UNKNOWN"], 409: ["NOTIFICATION_STATE"] } },
    ],
    "POST /api/v1/notifications/:id/discard": [
      "Give a notification up",
      { refusals: { 404: ["NOTIFICATION_UNKNOWN"], 409: ["NOTIFICATION_STATE"] } },
    ],
    "GET /api/v1/notification-routes": "List who is told of alarms",
    "POST /api/v1/notification-routes": [
      "Add a route",
      { refusals: { 400: ["ROUTE_INVALID"], 409: ["ROUTE_NAME_TAKEN"] } },
    ],
    "PUT /api/v1/notification-routes/:id": ["Change a route", routeChange],
    "DELETE /api/v1/notification-routes/:id": [
      "Remove a route",
      { answers: done, refusals: { 404: ["ROUTE_UNKNOWN"], 409: ["ROUTE_STALE"] } },
    ],
    "POST /api/v1/notification-routes/:id/secret": ["Renew the secret of a webhook", routeChange],
    "POST /api/v1/notification-routes/:id/test": ["Send a test", { refusals: { 404: ["ROUTE_UNKNOWN"] } }],
  }),
  ...saidOfAccess,
]);
