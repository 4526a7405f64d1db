import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { isDeviceId } from "../../schema/reading.ts";
import type { Config } from "../config.ts";
import { messageOf, PlatformError } from "../errors.ts";

/** The name of the secret that the platform's own tokens are signed with. */
export const tokenSecretName = "tokens";

/** Marks the tokens that the platform signs for its own processes. */
const ownKeyId = "tidemark";
const ownAlgorithm = "HS256";
const ownSeconds = 60;
/** By how much the clocks of whoever signs and of this machine may differ. */
const toleranceSeconds = 5;

/** What a token says, once its signature is right. */
export type TokenVerdict =
  /** A device, until the token ends. */
  | { readonly kind: "device"; readonly deviceId: string; readonly endsAtMs: number }
  /** A process of the platform itself, by its user name. */
  | { readonly kind: "own"; readonly userName: string }
  | { readonly kind: "refused"; readonly reason: string };

export interface TokenVerifier {
  /** Never throws, whatever the text. */
  verify(token: string): Promise<TokenVerdict>;
}

/** Whether a password is meant to be a token: three parts with dots between, the first of them a JSON object in Base64. */
export function looksLikeToken(password: string): boolean {
  return password.startsWith("eyJ") && password.split(".").length === 3;
}

/** A token for a process of the platform itself, good for a minute: to connect with, not to keep. */
export function signOwnToken(secret: Buffer, userName: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: ownAlgorithm, kid: ownKeyId })
    .setSubject(userName)
    .setIssuedAt()
    .setExpirationTime(`${ownSeconds}s`)
    .sign(createSecretKey(secret));
}

/** The user name in a token that the platform signed for a process of its own and that was shown then; undefined for any other text. */
export async function ownerOfOwnToken(secret: Buffer, token: string, at: Date): Promise<string | undefined> {
  try {
    return await ownerIn(token, createSecretKey(secret), at);
  } catch {
    // Not ours, or too old: somebody's password.
    return undefined;
  }
}

async function ownerIn(token: string, key: KeyObject, at = new Date()): Promise<string> {
  const required = { algorithms: [ownAlgorithm], requiredClaims: ["exp"], clockTolerance: toleranceSeconds };
  const { payload } = await jwtVerify(token, key, { ...required, currentDate: at });
  return payload.sub ?? "";
}

/**
 * Opens the way to verify tokens: those of the platform itself with its own secret, those of devices as JWT_* says.
 * @throws PlatformError CONFIG_INVALID when JWT_PUBLIC_KEY_FILE cannot be used.
 */
export async function openTokenVerifier(config: Config, ownSecret: Buffer): Promise<TokenVerifier> {
  const ownKey = createSecretKey(ownSecret);
  const key = await deviceKeyOf(config);
  const options = {
    clockTolerance: toleranceSeconds,
    requiredClaims: ["exp"],
    ...(config.JWT_AUDIENCE === null ? {} : { audience: config.JWT_AUDIENCE }),
    ...(config.JWT_ISSUER === null ? {} : { issuer: config.JWT_ISSUER }),
  };
  return {
    async verify(token) {
      try {
        if (decodeProtectedHeader(token).kid === ownKeyId)
          return { kind: "own", userName: await ownerIn(token, ownKey) };
        if (key === undefined) return { kind: "refused", reason: "tokens are not taken" };
        const { payload } = await jwtVerify(token, key.key, { ...options, algorithms: [key.algorithm] });
        return deviceIn(payload, config.JWT_DEVICE_CLAIM);
      } catch (error) {
        const reason = error instanceof errors.JOSEError ? error.code : messageOf(error);
        return { kind: "refused", reason };
      }
    },
  };
}

function deviceIn(payload: JWTPayload, claim: string): TokenVerdict {
  const deviceId = payload[claim];
  if (typeof deviceId !== "string" || !isDeviceId(deviceId))
    return { kind: "refused", reason: `its claim ${claim} is no device id` };
  // Required, and checked to be a number.
  return { kind: "device", deviceId, endsAtMs: ((payload.exp ?? 0) + toleranceSeconds) * 1000 };
}

interface DeviceKey {
  readonly key: KeyObject;
  readonly algorithm: string;
}

async function deviceKeyOf({ JWT_SECRET, JWT_PUBLIC_KEY_FILE }: Config): Promise<DeviceKey | undefined> {
  if (JWT_SECRET !== null) return { key: createSecretKey(Buffer.from(JWT_SECRET)), algorithm: "HS256" };
  if (JWT_PUBLIC_KEY_FILE === null) return undefined;
  try {
    const key = createPublicKey(await readFile(JWT_PUBLIC_KEY_FILE));
    return { key, algorithm: algorithmOf(key) };
  } catch (cause) {
    const message = `JWT_PUBLIC_KEY_FILE: cannot use ${JWT_PUBLIC_KEY_FILE}: ${messageOf(cause)}`;
    throw new PlatformError("CONFIG_INVALID", message, { cause, retryable: false });
  }
}

/** The one algorithm that goes with a key: a token does not choose how it is verified. */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === "rsa") return "RS256";
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return "ES256";
  throw new Error("it must be an RSA key (RS256) or an EC key on P-256 (ES256)");
}
