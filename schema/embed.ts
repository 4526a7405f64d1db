import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";

/** How the token of an embedded chart begins; those of programs begin otherwise. */
export const embedTokenPrefix = "tme_";

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const OptionalInstant = Type.Union([Type.Null(), Instant]);

export const EmbedSummary = Type.Object({
  id: Type.String(),
  deviceId: Type.String(),
  label: Type.String(),
  createdBy: Type.String(),
  createdUs: Instant,
  expiresUs: Type.Union([Type.Null(), Instant], { description: "Null: not before it is revoked." }),
  lastUsedUs: OptionalInstant,
});
/** A chart of one device that a page elsewhere may show. */
export type Embed = Readonly<Static<typeof EmbedSummary>>;

/** `GET /api/v1/embeds[?device=a]` */
export const EmbedsQuestion = Type.Object({ device: Type.Optional(DeviceIdText) });
export type EmbedsQuestion = Readonly<Static<typeof EmbedsQuestion>>;

export const EmbedsAnswer = Type.Object({
  embeds: Type.Array(EmbedSummary),
  origins: Type.Array(Type.String(), {
    description:
      "EMBED_ORIGINS: whose pages a browser lets frame a chart. With none a chart can only be opened by itself.",
  }),
});
export type EmbedsAnswer = Readonly<Static<typeof EmbedsAnswer>>;

/** `POST /api/v1/embeds` */
export const NewEmbedBody = Type.Object(
  {
    deviceId: DeviceIdText,
    label: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: "^[^\\u0000]*$",
      description: "What it is for.",
    }),
    days: Type.Union([Type.Null(), Type.Integer({ minimum: 1, maximum: 3650 })], {
      default: null,
      description: "Null: until it is revoked.",
    }),
  },
  { additionalProperties: false },
);
export type NewEmbedBody = Readonly<Static<typeof NewEmbedBody>>;

/** The token is shown this once. */
export const NewEmbedAnswer = Type.Object({ embed: EmbedSummary, secret: Type.String() });
export type NewEmbedAnswer = Readonly<Static<typeof NewEmbedAnswer>>;
