import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { readConfig, serviceNames } from "../config.ts";
import { looksLikeToken, openTokenVerifier, signOwnToken } from "./tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "tidemark-tokens-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const own = randomBytes(32);
const secret = "0123456789abcdef0123456789abcdef";

const verifierOf = (settings: Record<string, string>) =>
  openTokenVerifier(readConfig(serviceNames, { ACCESS: "credentials", ...settings }), own);

interface Making {
  key?: Uint8Array | KeyObject;
  alg?: string;
  claims?: Record<string, unknown>;
}

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

const make = ({ key = Buffer.from(secret), alg = "HS256", claims = {} }: Making = {}) =>
  new SignJWT({ sub: "press-01", exp: inAnHour(), ...claims }).setProtectedHeader({ alg }).sign(key);

describe("tokens signed with JWT_SECRET", () => {
  const verify = async (token: string, settings = {}) =>
    (await verifierOf({ JWT_SECRET: secret, ...settings })).verify(token);

  test("name their device and their end", async () => {
    const exp = inAnHour();
    const token = await make({ claims: { exp } });
    expect(looksLikeToken(token)).toBe(true);
    expect(await verify(token)).toEqual({ kind: "device", deviceId: "press-01", endsAtMs: (exp + 5) * 1000 });
  });

  test.each([
    ["that expired", { exp: 1_700_000_000 }],
    ["without an end", { exp: undefined }],
    ["that are not valid yet", { nbf: inAnHour() }],
    ["that name no device", { sub: undefined }],
    ["that name more than a device", { sub: "press-01/#" }],
  ])("%s are refused", async (_, claims) => {
    expect(await verify(await make({ claims }))).toMatchObject({ kind: "refused" });
  });

  test("of another secret, of no signature and of nonsense are refused", async () => {
    expect(await verify(await make({ key: randomBytes(32) }))).toMatchObject({ kind: "refused" });
    const [, body] = (await make()).split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    for (const token of [unsigned, "eyJ..", "eyJhbGciOiJIUzI1NiJ9.e30.", ""])
      expect(await verify(token)).toMatchObject({ kind: "refused" });
  });

  test("must name the audience and the issuer that are asked for, and the device where it is said", async () => {
    const settings = { JWT_AUDIENCE: "tidemark", JWT_ISSUER: "https://issuer", JWT_DEVICE_CLAIM: "device" };
    const claims = { aud: "tidemark", iss: "https://issuer", device: "press-02" };
    expect(await verify(await make({ claims }), settings)).toMatchObject({ deviceId: "press-02" });
    for (const wrong of [{ aud: "other" }, { iss: "other" }, { device: undefined }, { aud: undefined }])
      expect(await verify(await make({ claims: { ...claims, ...wrong } }), settings)).toMatchObject({
        kind: "refused",
      });
  });
});

describe.each([
  ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
])("tokens signed with %s", (alg, { privateKey, publicKey }) => {
  const file = join(folder, `${alg}.pem`);
  const pem = publicKey.export({ type: "spki", format: "pem" });
  writeFileSync(file, pem);

  test("are taken from who has the private key, and not from who signs with the public one", async () => {
    const verifier = await verifierOf({ JWT_PUBLIC_KEY_FILE: file });
    expect(await verifier.verify(await make({ alg, key: privateKey }))).toMatchObject({
      deviceId: "press-01",
    });
    const forged = await make({ key: Buffer.from(pem) });
    expect(await verifier.verify(forged)).toMatchObject({ kind: "refused" });
  });
});

test("a key file that is missing or of another kind is a fault of the configuration", async () => {
  const file = join(folder, "ed25519.pem");
  writeFileSync(file, generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }));
  for (const path of [file, join(folder, "none.pem")])
    await expect(verifierOf({ JWT_PUBLIC_KEY_FILE: path })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("the platform's own tokens are taken without any setting, and no one else's are", async () => {
  const verifier = await verifierOf({});
  const token = await signOwnToken(own, "service/gateway-http");
  expect(await verifier.verify(token)).toEqual({ kind: "own", userName: "service/gateway-http" });
  expect(await verifier.verify(await signOwnToken(randomBytes(32), "service/gateway-http"))).toMatchObject({
    kind: "refused",
  });
  expect(await verifier.verify(await make())).toMatchObject({ kind: "refused" });
});
