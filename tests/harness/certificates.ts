import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./local-servers.ts";

/** Files of a certificate and its key. */
export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate authority of a test, in a temporary folder of its own. */
export interface Authority {
  readonly folder: string;
  readonly caFile: string;
  readonly ca: Buffer;
  /** A certificate for 127.0.0.1 and localhost, of a server or a client, with this common name. */
  issue(name: string, options?: { days?: number }): KeyPair;
  /** Puts a certificate on the list of the revoked and answers with the file of the list. */
  revoke(pair?: KeyPair): string;
}

/** Makes an authority with openssl, which the tests need as they need a PostgreSQL. */
export function createAuthority(name: string): Authority {
  const folder = temporaryFolder("certificates");
  const at = (file: string): string => join(folder, file);
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "30",
    "-subj",
    `/CN=${name}`,
  );
  writeFileSync(at("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
  writeFileSync(at("index.txt"), "");
  writeFileSync(at("crlnumber"), "01\n");
  const settings = `[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n`;
  writeFileSync(at("ca.cnf"), settings);
  let issued = 0;
  return {
    folder,
    caFile: at("ca.pem"),
    ca: readFileSync(at("ca.pem")),
    issue(commonName, { days = 30 } = {}) {
      issued += 1;
      const stem = `${issued}`;
      const [request, cert, key] = [`${stem}.csr`, `${stem}.pem`, `${stem}.key`];
      openssl(
        "req",
        ...newKey,
        "-keyout",
        key,
        "-out",
        request,
        "-subj",
        commonName === "" ? "/O=nameless" : `/CN=${commonName}`,
      );
      const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", stem, "-extfile", "extensions"];
      openssl("x509", "-req", "-in", request, "-out", cert, ...by, "-days", `${days}`);
      return pairOf(at(cert), at(key));
    },
    revoke(pair) {
      const ca = ["-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"];
      if (pair !== undefined) openssl("ca", ...ca, "-revoke", pair.certFile);
      openssl("ca", ...ca, "-gencrl", "-out", "crl.pem");
      return at("crl.pem");
    },
  };
}

/** Copies a pair to where a server looks for it. */
export function install(pair: KeyPair, folder: string): { TLS_CERT_FILE: string; TLS_KEY_FILE: string } {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const files = { TLS_CERT_FILE: join(folder, "tls.crt"), TLS_KEY_FILE: join(folder, "tls.key") };
  writeFileSync(files.TLS_CERT_FILE, pair.cert);
  writeFileSync(files.TLS_KEY_FILE, pair.key);
  return files;
}

function pairOf(certFile: string, keyFile: string): KeyPair {
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
