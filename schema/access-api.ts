import { type Static, Type } from "typebox";
import { DeviceIdText } from "./api.ts";
import { LabelsBody, longestOverlapSeconds } from "./provisioning.ts";

/** What of these is wrong is told by the desk, in a sentence; here it is only that they are texts of a bearable size. */
const NameText = Type.String({ minLength: 1, maxLength: 256 });
const PasswordText = Type.String({ minLength: 1, maxLength: 256 });

const NewDeviceBody = Type.Object(
  {
    id: DeviceIdText,
    password: Type.Optional(
      Type.Unsafe<string | null>({
        type: ["string", "null"],
        minLength: 1,
        maxLength: 256,
        description: "Made if left out; null for a device that shows a token or a certificate.",
      }),
    ),
    labels: Type.Optional(LabelsBody),
  },
  { additionalProperties: false },
);

/** Most devices that one `POST /api/v1/devices` provisions. */
export const provisionLimit = 1000;

/** `POST /api/v1/devices`: one device, or `devices` of them. */
export const ProvisionBody = Type.Union([
  NewDeviceBody,
  Type.Object(
    { devices: Type.Array(NewDeviceBody, { minItems: 1, maxItems: provisionLimit }) },
    { additionalProperties: false },
  ),
]);
export type ProvisionBody = Readonly<Static<typeof ProvisionBody>>;

/** Passwords are shown here and never again. */
export const ProvisionAnswer = Type.Object({
  devices: Type.Array(Type.Object({ id: Type.String(), password: Type.Union([Type.String(), Type.Null()]) })),
});
export type ProvisionAnswer = Readonly<Static<typeof ProvisionAnswer>>;

/** `PUT /api/v1/devices/{id}/labels`: all of them. */
export const DeviceLabelsBody = Type.Object({ labels: LabelsBody }, { additionalProperties: false });
export type DeviceLabelsBody = Readonly<Static<typeof DeviceLabelsBody>>;

const Moment = Type.Integer({ description: "Microseconds since the epoch." });

const access = {
  isEnabled: Type.Boolean(),
  createdUs: Moment,
  passwords: Type.Array(Type.Object({ createdUs: Moment, validUntilUs: Type.Union([Moment, Type.Null()]) }), {
    description: "Those that are valid, the newest first; there are two during a rotation.",
  }),
};

/** `GET /api/v1/devices/{id}/access` */
export const DeviceAccessAnswer = Type.Object({
  id: Type.String(),
  ...access,
  labels: LabelsBody,
  revokedCertificates: Type.Array(Type.String()),
});
export type DeviceAccessAnswer = Readonly<Static<typeof DeviceAccessAnswer>>;

/** `GET /api/v1/access/devices?after=a&limit=100`, by device id. */
export const DeviceAccessesAnswer = Type.Object({
  devices: Type.Array(DeviceAccessAnswer),
  /** What to ask `after` next; null at the end. */
  next: Type.Union([Type.Null(), Type.String()]),
});
export type DeviceAccessesAnswer = Readonly<Static<typeof DeviceAccessesAnswer>>;

/** `POST /api/v1/devices/{id}/rotate`, and the same of a service account. */
export const RotateBody = Type.Object(
  {
    password: Type.Optional(PasswordText),
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: longestOverlapSeconds,
        description: "How long the password before stays valid; a day if left out.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type RotateBody = Readonly<Static<typeof RotateBody>>;

/** A password as it is shown once, with the user name to send it with. */
export const SecuredAnswer = Type.Object({
  userName: Type.String(),
  password: Type.Union([Type.String(), Type.Null()]),
});
export type SecuredAnswer = Readonly<Static<typeof SecuredAnswer>>;

/** `POST /api/v1/devices/{id}/certificates/revoke` */
export const RevokeCertificateBody = Type.Object(
  {
    fingerprint: Type.String({
      pattern: "^[0-9A-F]{2}(:[0-9A-F]{2}){31}$",
      description: "SHA-256 of the certificate, as `openssl x509 -noout -fingerprint -sha256` prints it.",
    }),
  },
  { additionalProperties: false },
);
export type RevokeCertificateBody = Readonly<Static<typeof RevokeCertificateBody>>;

const Filters = Type.Array(NameText, { maxItems: 100 });

/** `POST /api/v1/services` */
export const NewServiceBody = Type.Object(
  { name: NameText, publish: Filters, subscribe: Filters },
  { additionalProperties: false },
);
export type NewServiceBody = Readonly<Static<typeof NewServiceBody>>;

/** `GET /api/v1/services` */
export const ServicesAnswer = Type.Object({
  services: Type.Array(
    Type.Object({
      name: Type.String(),
      userName: Type.String(),
      ...access,
      publish: Type.Array(Type.String()),
      subscribe: Type.Array(Type.String()),
    }),
  ),
});
export type ServicesAnswer = Readonly<Static<typeof ServicesAnswer>>;

export const longestClaimSeconds = 366 * 86_400;

/** `POST /api/v1/claims` */
export const NewClaimBody = Type.Object(
  {
    name: NameText,
    expiresInSeconds: Type.Integer({ minimum: 60, maximum: longestClaimSeconds, default: 7 * 86_400 }),
    maxUses: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
    labels: Type.Optional(LabelsBody),
  },
  { additionalProperties: false },
);
export type NewClaimBody = Readonly<Static<typeof NewClaimBody>>;

/** The token is shown here and never again. */
export const NewClaimAnswer = Type.Object({ name: Type.String(), token: Type.String(), expiresUs: Moment });
export type NewClaimAnswer = Readonly<Static<typeof NewClaimAnswer>>;

/** `GET /api/v1/claims` */
export const ClaimsAnswer = Type.Object({
  claims: Type.Array(
    Type.Object({
      name: Type.String(),
      labels: LabelsBody,
      maxUses: Type.Integer(),
      uses: Type.Integer(),
      expiresUs: Moment,
      createdUs: Moment,
    }),
  ),
});
export type ClaimsAnswer = Readonly<Static<typeof ClaimsAnswer>>;

/** `POST /api/v1/claim`, in the words of devices. */
export const ClaimBody = Type.Object({ token: NameText, device_id: DeviceIdText });
export type ClaimBody = Readonly<Static<typeof ClaimBody>>;

export const ClaimAnswer = Type.Object({
  device_id: Type.String(),
  user_name: Type.String(),
  password: Type.String(),
});
