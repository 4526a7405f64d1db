import { type Static, Type } from "typebox";
import { DevicesQuestion } from "./device-page.ts";
import { deviceOrders } from "./device-state.ts";

/** Most views of one page that somebody keeps. */
export const savedViewLimit = 100;

/** The lists whose filters can be kept. */
const Page = Type.Enum(["devices"]);
const Name = Type.String({ minLength: 1, maxLength: 60, pattern: "^[^\\u0000-\\u001f]*[^\\u0000-\\u0020]$" });

const { q, type, state } = DevicesQuestion.properties;
const Query = Type.Object(
  { q, type, state, sort: Type.Optional(Type.Enum([...deviceOrders])) },
  { additionalProperties: false, description: "As the list is asked; what is left out is as usual." },
);

export const SavedViewSummary = Type.Object({
  id: Type.Integer(),
  page: Page,
  name: Type.String(),
  query: Query,
  isShared: Type.Boolean({ description: "Whether everybody has it in their list." }),
  owner: Type.String({ description: "As in the record of changes." }),
  isOwn: Type.Boolean({ description: "Whether it belongs to whoever asks." }),
  changedUs: Type.Integer({ description: "Microseconds since the epoch." }),
});
/** A filter of a list that has a name. */
export type SavedView = Readonly<Static<typeof SavedViewSummary>>;

/** `GET /api/v1/views?page=devices`: those of whoever asks, and those that are shared. By name. */
export const ViewsQuestion = Type.Object({ page: Page });
export type ViewsQuestion = Readonly<Static<typeof ViewsQuestion>>;
export const ViewsAnswer = Type.Object({ views: Type.Array(SavedViewSummary) });
export type ViewsAnswer = Readonly<Static<typeof ViewsAnswer>>;

/** `POST /api/v1/views` */
export const NewViewBody = Type.Object(
  { page: Page, name: Name, query: Query, isShared: Type.Boolean({ default: false }) },
  { additionalProperties: false },
);
export type NewViewBody = Readonly<Static<typeof NewViewBody>>;

/** `PATCH /api/v1/views/{id}` */
export const ViewChangeBody = Type.Object(
  { name: Type.Optional(Name), query: Type.Optional(Query), isShared: Type.Optional(Type.Boolean()) },
  { additionalProperties: false, minProperties: 1 },
);
export type ViewChangeBody = Readonly<Static<typeof ViewChangeBody>>;

export const ViewParams = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }) });
export const ViewAnswer = Type.Object({ view: SavedViewSummary });
