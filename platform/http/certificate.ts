import { type FSWatcher, watch } from "node:fs";
import type { SecureContextOptions, Server } from "node:tls";
import { messageOf, PlatformError } from "../errors.ts";
import type { Running } from "../ports.ts";
import type { Log, Metrics } from "../telemetry.ts";
import { foldersOf, readTlsFiles, remarkOn, type TlsMaterial, type TlsSettings } from "./tls-files.ts";

/** A certificate and its key are written one after the other: long enough for both, short enough for whoever waits. */
const settleMs = 300;
// Not every file system tells of changes, and a folder that was replaced tells of none.
const lookMs = 60_000;

export interface CertificateOptions {
  readonly settings: TlsSettings;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "certificateExpires">;
}

/**
 * The certificate of this process' listeners, which follows its files: when their folders change, each minute, and when asked to.
 * What does not fit together changes nothing. Connections stay; whoever connects from then on meets the new one.
 */
export class Certificate implements Running {
  readonly #options: CertificateOptions;
  readonly #servers = new Set<Server>();
  readonly #watchers: FSWatcher[] = [];
  readonly #look: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  #inForce: TlsMaterial;
  /** Told already, so that the same fault is not told every minute. */
  #told = "";

  /** @throws PlatformError CONFIG_INVALID when the files do not fit together (any more). */
  constructor(options: CertificateOptions) {
    this.#options = options;
    const files = readTlsFiles(options.settings);
    if (files.kind !== "whole") {
      const faults = files.kind === "none" ? ["TLS_CERT_FILE: is not set"] : files.faults;
      const message = `the certificate cannot be used:\n  ${faults.join("\n  ")}`;
      throw new PlatformError("CONFIG_INVALID", message, { retryable: false });
    }
    this.#inForce = files.material;
    this.#remark();
    for (const folder of foldersOf(options.settings)) this.#watch(folder);
    this.#look = setInterval(() => this.reload(), lookMs);
    this.#look.unref();
  }

  /** For a server that is about to be made, which then calls `follow`. */
  get context(): SecureContextOptions {
    return this.#inForce.context;
  }

  /** From now on this server has whatever certificate is in force. */
  follow(server: Server): void {
    server.setSecureContext(this.#inForce.context);
    this.#servers.add(server);
    server.once("close", () => this.#servers.delete(server));
  }

  /** Reads the files again; says in the log what came of it, unless nothing has changed. */
  reload(): void {
    const { settings, log } = this.#options;
    const files = readTlsFiles(settings);
    if (files.kind !== "whole") {
      const faults = files.kind === "none" ? [] : files.faults;
      if (faults.join() !== this.#told) log.warn({ faults }, "certificate not reloaded, the old one stays");
      this.#told = faults.join();
      return;
    }
    this.#told = "";
    if (files.material.digest === this.#inForce.digest) return;
    for (const server of this.#servers) server.setSecureContext(files.material.context);
    this.#inForce = files.material;
    const { subject, validUntilMs } = files.material;
    log.info({ subject, validUntil: new Date(validUntilMs).toISOString() }, "certificate reloaded");
    this.#remark();
  }

  stop(): Promise<void> {
    clearInterval(this.#look);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
    return Promise.resolve();
  }

  #remark(): void {
    const { log, metrics } = this.#options;
    const { subject, validFromMs, validUntilMs } = this.#inForce;
    metrics.certificateExpires.set(validUntilMs / 1000);
    const remark = remarkOn(this.#inForce, Date.now());
    if (remark === undefined) return;
    const [from, until] = [validFromMs, validUntilMs].map((ms) => new Date(ms).toISOString());
    log.warn({ subject, from, until }, remark);
  }

  // The folder, not the file: Kubernetes and certbot put a link in the place of another, and a watched file would be the old one.
  #watch(folder: string): void {
    const { log } = this.#options;
    const onFault = (error: unknown): void =>
      log.warn(
        { folder, reason: messageOf(error) },
        "folder of the certificate not watched, looking every minute",
      );
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#settling ??= setTimeout(() => {
          this.#settling = undefined;
          this.reload();
        }, settleMs);
      });
      watcher.on("error", onFault);
      this.#watchers.push(watcher);
    } catch (error) {
      onFault(error);
    }
  }
}
