import { beforeEach, describe, expect, test } from "vitest";
import { hashPassword } from "../../platform/access/password.ts";
import type { TokenVerdict } from "../../platform/access/tokens.ts";
import { openLog, openMetrics } from "../../platform/telemetry.ts";
import type { Access, Credential } from "../../schema/access.ts";
import { AccessBook } from "./access-book.ts";
import { Authentication, type Credentials, type Verdict } from "./authentication.ts";
import { mayStay } from "./proof.ts";
import { Turnstile } from "./turnstile.ts";

const log = openLog({ level: "silent", format: "json" });
const token = "eyJhbGciOiJIUzI1NiJ9.e30.x";

let nowMs: number;
let stored: Map<string, Access>;
let said: TokenVerdict;
let authentication: Authentication;
let hashes: () => Promise<number>;

const credential = async (
  id: string,
  password: string,
  validUntilMs: number | null = null,
): Promise<Credential> => ({
  id,
  hash: await hashPassword(password, "generated"),
  validUntilMs,
});

const access = (deviceId: string, over: Partial<Access> = {}): Access => ({
  principal: { kind: "device", deviceId },
  isEnabled: true,
  credentials: [],
  revokedCertificates: [],
  ...over,
});

const shown = (over: Partial<Credentials> & { secret?: string }): Credentials => ({
  userName: "press-01",
  password: over.secret === undefined ? undefined : Buffer.from(over.secret),
  certificate: undefined,
  address: "127.0.0.1",
  isWanted: () => true,
  ...over,
});

beforeEach(async () => {
  nowMs = 1_000_000;
  said = { kind: "refused", reason: "no" };
  const metrics = openMetrics();
  hashes = async () => (await metrics.passwordHashes.get()).values[0]?.value ?? 0;
  stored = new Map([
    ["press-01", access("press-01", { credentials: [await credential("1", "right")] })],
    ["off", access("off", { isEnabled: false, credentials: [await credential("2", "right")] })],
  ]);
  authentication = new Authentication({
    book: new AccessBook({
      log,
      nowMs: () => nowMs,
      isConnected: () => false,
      store: { find: async (names) => names.flatMap((name) => stored.get(name) ?? []) },
    }),
    tokens: { verify: async () => said },
    turnstile: new Turnstile({ atOnce: 2, room: 100 }),
    metrics,
    nowMs: () => nowMs,
  });
});

const judge = (over: Parameters<typeof shown>[0]): Promise<Verdict> => authentication.judge(shown(over));

describe("a password", () => {
  test("lets in whose it is, and is hashed once", async () => {
    for (let time = 0; time < 5; time += 1)
      expect(await judge({ secret: "right" })).toMatchObject({
        kind: "admitted",
        principal: { kind: "device", deviceId: "press-01" },
        proof: { kind: "password", credentialId: "1" },
        endsAtMs: Number.POSITIVE_INFINITY,
      });
    expect(await hashes()).toBe(1);
  });

  test("that is wrong is refused, without being hashed once the right one is known", async () => {
    expect(await judge({ secret: "wrong" })).toMatchObject({ kind: "refused", outcome: "password" });
    expect(await hashes()).toBe(1);
    await judge({ secret: "right" });
    for (const secret of ["wrong", "", "right "])
      expect(await judge({ secret })).toMatchObject({ kind: "refused", outcome: "password" });
    expect(await hashes()).toBe(2);
  });

  test("of nobody, of somebody else and of nothing is refused", async () => {
    expect(await judge({ userName: "nobody", secret: "right" })).toMatchObject({ outcome: "password" });
    expect(await judge({ userName: "off", secret: "right" })).toMatchObject({ outcome: "forbidden" });
    expect(await judge({})).toMatchObject({ outcome: "forbidden" });
    expect(await judge({ userName: undefined, secret: "right" })).toMatchObject({ outcome: "forbidden" });
  });

  test("that was rotated is valid until it ends, beside the new one, which is known at once", async () => {
    await judge({ secret: "right" });
    const before = stored.get("press-01")?.credentials[0] as Credential;
    const rotated = [{ ...before, validUntilMs: nowMs + 10_000 }, await credential("3", "newer")];
    stored.set("press-01", access("press-01", { credentials: rotated }));
    nowMs += 2000;
    expect(await judge({ secret: "newer" })).toMatchObject({
      kind: "admitted",
      proof: { credentialId: "3" },
    });
    expect(await judge({ secret: "right" })).toMatchObject({ kind: "admitted", endsAtMs: 1_010_000 });
    nowMs += 10_000;
    expect(await judge({ secret: "right" })).toMatchObject({ kind: "refused" });
  });

  test("is not hashed for who is gone when its turn comes", async () => {
    expect(await judge({ secret: "right", isWanted: () => false })).toMatchObject({ kind: "refused" });
    expect(await hashes()).toBe(0);
  });
});

describe("a token", () => {
  test("lets in the device it names, until it ends", async () => {
    said = { kind: "device", deviceId: "press-01", endsAtMs: 5_000_000 };
    for (const userName of ["press-01", "jwt"])
      expect(await judge({ userName, secret: token })).toMatchObject({
        kind: "admitted",
        principal: { deviceId: "press-01" },
        proof: { kind: "token" },
        endsAtMs: 5_000_000,
      });
  });

  test("lets in nobody else, nobody who is not provisioned, and nobody who is disabled", async () => {
    said = { kind: "device", deviceId: "press-01", endsAtMs: 5_000_000 };
    expect(await judge({ userName: "off", secret: token })).toMatchObject({ outcome: "password" });
    said = { kind: "device", deviceId: "nobody", endsAtMs: 5_000_000 };
    expect(await judge({ userName: "jwt", secret: token })).toMatchObject({ outcome: "password" });
    said = { kind: "device", deviceId: "off", endsAtMs: 5_000_000 };
    expect(await judge({ userName: "jwt", secret: token })).toMatchObject({ outcome: "forbidden" });
    said = { kind: "refused", reason: "expired" };
    expect(await judge({ userName: "jwt", secret: token })).toMatchObject({ outcome: "password" });
  });

  test("of the platform lets in its own processes and nothing else", async () => {
    said = { kind: "own", userName: "service/gateway-http" };
    expect(await judge({ userName: "service/gateway-http", secret: token })).toMatchObject({
      kind: "admitted",
      principal: { kind: "service", publish: ["devices/+/telemetry"], subscribe: [] },
      proof: { kind: "own" },
    });
    said = { kind: "own", userName: "press-01" };
    expect(await judge({ userName: "press-01", secret: token })).toMatchObject({ kind: "refused" });
  });
});

describe("a certificate", () => {
  const certificate = { name: "press-01", fingerprint: "AA:BB" };

  test("lets in the device it names, without a password", async () => {
    for (const userName of [undefined, "press-01"])
      expect(await judge({ userName, certificate })).toMatchObject({
        kind: "admitted",
        proof: { kind: "certificate", fingerprint: "AA:BB" },
      });
    expect(await judge({ userName: "off", certificate })).toMatchObject({ outcome: "forbidden" });
  });

  test("that is revoked, or of who may not come in, is refused", async () => {
    const refused = async (name: string) =>
      judge({ userName: undefined, certificate: { ...certificate, name } });
    expect(await refused("nobody")).toMatchObject({ kind: "refused" });
    expect(await refused("off")).toMatchObject({ kind: "refused" });
    stored.set("press-01", access("press-01", { revokedCertificates: ["AA:BB"] }));
    expect(await refused("press-01")).toMatchObject({ kind: "refused", outcome: "forbidden" });
  });
});

describe("whoever is in", () => {
  const now = access("press-01", { credentials: [{ id: "1", hash: "", validUntilMs: null }] });
  test.each([
    [{ kind: "password", credentialId: "1" } as const, now, true],
    [{ kind: "password", credentialId: "2" } as const, now, false],
    [{ kind: "token", endsAtMs: 0 } as const, now, true],
    [{ kind: "token", endsAtMs: 0 } as const, { ...now, isEnabled: false }, false],
    [{ kind: "certificate", fingerprint: "A" } as const, now, true],
    [{ kind: "certificate", fingerprint: "A" } as const, { ...now, revokedCertificates: ["A"] }, false],
    [{ kind: "certificate", fingerprint: "A" } as const, null, false],
    [{ kind: "own" } as const, null, true],
  ])("by %j may stay as long as that is good", (proof, current, expected) => {
    expect(mayStay(current, proof)).toBe(expected);
  });
});
