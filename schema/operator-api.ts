import { type Static, Type } from "typebox";
import { roles } from "./access.ts";
import { accessNamePattern } from "./operator.ts";

const Role = Type.Enum([...roles]);
const Name = Type.String({
  pattern: accessNamePattern,
  description: "Small letters, digits and . _ @ -, at most 64.",
});
/** A body with a misspelt name is refused: what it was to forbid would be allowed otherwise. */
const strict = { additionalProperties: false };
/** Long enough for every password that is allowed, and short enough to be hashed. */
const Password = Type.String({ minLength: 1, maxLength: 1024 });

/** `GET /api/v1/me`, and the answer to a login. */
export const MeAnswer = Type.Object({
  name: Type.String(),
  role: Role,
  kind: Type.Enum(["anyone", "operator", "token"]),
});
export type MeAnswer = Readonly<Static<typeof MeAnswer>>;

/** `POST /api/v1/login`. A name is not held against its pattern: whether there is one like it is nobody's business. */
export const LoginBody = Type.Object(
  { name: Type.String({ maxLength: 256, pattern: "^[^\\u0000]*$" }), password: Password },
  strict,
);
export type LoginBody = Readonly<Static<typeof LoginBody>>;

/** `POST /api/v1/first-admin` */
export const FirstAdminBody = Type.Object(
  { token: Type.String({ maxLength: 256 }), name: Name, password: Password },
  strict,
);
export type FirstAdminBody = Readonly<Static<typeof FirstAdminBody>>;

/** `POST /api/v1/me/password` */
export const OwnPasswordBody = Type.Object({ current: Password, next: Password }, strict);
export type OwnPasswordBody = Readonly<Static<typeof OwnPasswordBody>>;

const Instant = Type.Integer({ description: "Microseconds since the epoch." });
const OptionalInstant = Type.Union([Type.Null(), Instant]);

export const OperatorSummary = Type.Object({
  name: Type.String(),
  role: Role,
  isDisabled: Type.Boolean(),
  createdUs: Instant,
  lastLoginUs: OptionalInstant,
});

/** `GET /api/v1/operators` */
export const OperatorsAnswer = Type.Object({ operators: Type.Array(OperatorSummary) });
export type OperatorsAnswer = Readonly<Static<typeof OperatorsAnswer>>;

/** `POST /api/v1/operators`; without a password one is made up. */
export const NewOperatorBody = Type.Object(
  { name: Name, role: Role, password: Type.Optional(Password) },
  strict,
);
export type NewOperatorBody = Readonly<Static<typeof NewOperatorBody>>;

/** What `/api/v1/operators/{name}` names. */
export const OperatorParams = Type.Object({ name: Name });

/** `PATCH /api/v1/operators/{name}` */
export const OperatorChangeBody = Type.Object(
  { role: Type.Optional(Role), isDisabled: Type.Optional(Type.Boolean()) },
  { ...strict, minProperties: 1 },
);
export type OperatorChangeBody = Readonly<Static<typeof OperatorChangeBody>>;

/** `POST /api/v1/operators/{name}/password`; without a password one is made up. */
export const NewPasswordBody = Type.Object({ password: Type.Optional(Password) }, strict);
export type NewPasswordBody = Readonly<Static<typeof NewPasswordBody>>;

/** Shown this once; absent where whoever asked chose it. */
export const PasswordAnswer = Type.Object({ name: Type.String(), password: Type.Optional(Type.String()) });
export type PasswordAnswer = Readonly<Static<typeof PasswordAnswer>>;

export const TokenSummary = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Role,
  isReadOnly: Type.Boolean(),
  paths: Type.Union([Type.Null(), Type.Array(Type.String())]),
  createdBy: Type.String(),
  createdUs: Instant,
  expiresUs: Instant,
  lastUsedUs: OptionalInstant,
});

/** `GET /api/v1/tokens` */
export const TokensAnswer = Type.Object({ tokens: Type.Array(TokenSummary) });
export type TokensAnswer = Readonly<Static<typeof TokensAnswer>>;

/** `POST /api/v1/tokens` */
export const NewTokenBody = Type.Object(
  {
    name: Name,
    role: Role,
    isReadOnly: Type.Boolean({ default: false }),
    paths: Type.Optional(
      Type.Array(Type.String({ pattern: "^/[\\w./%~-]*[\\w%~-]$", maxLength: 512 }), {
        minItems: 1,
        maxItems: 50,
        description: "It may ask for these and what lies below them; without: for all.",
      }),
    ),
    days: Type.Integer({ minimum: 1, maximum: 3650, default: 90 }),
  },
  strict,
);
export type NewTokenBody = Readonly<Static<typeof NewTokenBody>>;

/** The secret is shown this once. */
export const NewTokenAnswer = Type.Object({ token: TokenSummary, secret: Type.String() });
export type NewTokenAnswer = Readonly<Static<typeof NewTokenAnswer>>;

export const AuditQuestion = Type.Object({
  target: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000]*$" })),
  before: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
});
export type AuditQuestion = Readonly<Static<typeof AuditQuestion>>;

/** What somebody changed: what was there before, and what after. */
export const AuditRecord = Type.Object({
  id: Type.Integer(),
  atUs: Instant,
  by: Type.String(),
  action: Type.String(),
  target: Type.String(),
  before: Type.Unknown(),
  after: Type.Unknown(),
});

/** `GET /api/v1/audit?limit=100[&target=ada][&before=id]`, newest first. */
export const AuditAnswer = Type.Object({
  changes: Type.Array(AuditRecord),
  /** What to ask `before` for what is older; null when there is nothing. */
  next: Type.Union([Type.Null(), Type.Integer()]),
});
export type AuditAnswer = Readonly<Static<typeof AuditAnswer>>;
