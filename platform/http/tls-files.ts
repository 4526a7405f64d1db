import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { codeOf, messageOf } from "../errors.ts";

/** The settings that say where a certificate and what belongs to it lie. */
export interface TlsSettings {
  readonly TLS_CERT_FILE: string | null;
  readonly TLS_KEY_FILE: string | null;
  readonly TLS_CA_FILE: string | null;
  readonly TLS_CRL_FILE: string | null;
}

/** A certificate that can be served. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** Of everything that was read, to tell whether something changed. */
  readonly digest: string;
  readonly subject: string;
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

export type TlsFiles =
  /** No certificate is named. */
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly material: TlsMaterial }
  /** Each a sentence that begins with the setting it is about. */
  | { readonly kind: "faulty"; readonly faults: readonly string[] };

type TlsSetting = keyof TlsSettings;
const names = [
  "TLS_CERT_FILE",
  "TLS_KEY_FILE",
  "TLS_CA_FILE",
  "TLS_CRL_FILE",
] as const satisfies TlsSetting[];

/** Reads what the settings name and sees whether it fits together; tells everything that does not. */
export function readTlsFiles(settings: TlsSettings): TlsFiles {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = settings;
  if (names.every((name) => settings[name] === null)) return { kind: "none" };
  const faults: string[] = [];
  if (certFile === null) faults.push("TLS_CERT_FILE: must be set with the other TLS_ files");
  if (keyFile === null) faults.push("TLS_KEY_FILE: must be set with the other TLS_ files");
  if (settings.TLS_CRL_FILE !== null && settings.TLS_CA_FILE === null)
    faults.push("TLS_CRL_FILE: revokes certificates of clients, and without TLS_CA_FILE none are asked for");
  const bytes = new Map<TlsSetting, Buffer>();
  for (const name of names) {
    const file = settings[name];
    if (file === null) continue;
    try {
      bytes.set(name, readFileSync(file));
    } catch (error) {
      faults.push(`${name}: cannot read ${file} (${codeOf(error) ?? messageOf(error)})`);
    }
  }
  return faults.length > 0 ? { kind: "faulty", faults } : assemble(bytes);
}

/** The folders of the files that are named. */
export function foldersOf(settings: TlsSettings): ReadonlySet<string> {
  const files = names.map((name) => settings[name]);
  return new Set(files.flatMap((file) => (file === null ? [] : [dirname(file)])));
}

function assemble(bytes: ReadonlyMap<TlsSetting, Buffer>): TlsFiles {
  const faults: string[] = [];
  const parse = <T>(name: TlsSetting, what: string, read: (pem: Buffer) => T): T | undefined => {
    const pem = bytes.get(name);
    if (pem === undefined) return undefined;
    try {
      return read(pem);
    } catch (error) {
      faults.push(`${name}: ${what} (${messageOf(error)})`);
      return undefined;
    }
  };
  const cert = parse("TLS_CERT_FILE", "is no certificate in PEM", (pem) => new X509Certificate(pem));
  const key = parse("TLS_KEY_FILE", "is no private key in PEM without a passphrase", createPrivateKey);
  parse("TLS_CA_FILE", "holds no certificates in PEM", (pem) =>
    blocksOf(pem).map((block) => new X509Certificate(block)),
  );
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key))
    faults.push("TLS_KEY_FILE: is not the key of the certificate in TLS_CERT_FILE");
  const context = contextOf(bytes);
  // What OpenSSL alone can judge, such as a revocation list.
  if (faults.length === 0) parse("TLS_CRL_FILE", "cannot be used", () => createSecureContext(context));
  if (faults.length === 0) parse("TLS_CERT_FILE", "cannot be served", () => createSecureContext(context));
  if (cert === undefined || faults.length > 0) return { kind: "faulty", faults };
  return {
    kind: "whole",
    material: {
      context,
      digest: digestOf(bytes),
      subject: cert.subject?.replaceAll("\n", ", ") ?? "",
      validFromMs: Date.parse(cert.validFrom),
      validUntilMs: Date.parse(cert.validTo),
    },
  };
}

function contextOf(bytes: ReadonlyMap<TlsSetting, Buffer>): SecureContextOptions {
  const ca = bytes.get("TLS_CA_FILE");
  const crl = bytes.get("TLS_CRL_FILE");
  return {
    cert: bytes.get("TLS_CERT_FILE"),
    key: bytes.get("TLS_KEY_FILE"),
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    minVersion: "TLSv1.2",
  };
}

/** @throws Error when there is none. */
function blocksOf(pem: Buffer): readonly string[] {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error("no BEGIN CERTIFICATE in it");
  return blocks;
}

function digestOf(bytes: ReadonlyMap<TlsSetting, Buffer>): string {
  const hash = createHash("sha256");
  for (const name of names)
    hash.update(`${name} ${bytes.get(name)?.length ?? -1}\n`).update(bytes.get(name) ?? "");
  return hash.digest("hex");
}

const dayMs = 86_400_000;
const noticeDays = 14;

/** What an operator should hear about the time of a certificate, or undefined. */
export function remarkOn({ validFromMs, validUntilMs }: TlsMaterial, nowMs: number): string | undefined {
  if (nowMs < validFromMs) return "certificate is not valid yet";
  if (nowMs > validUntilMs) return "certificate has expired";
  return validUntilMs - nowMs < noticeDays * dayMs ? "certificate expires soon" : undefined;
}
