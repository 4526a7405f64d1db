import type { Server } from "node:net";
import { codeOf, PlatformError } from "../errors.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The environment variable that chose the port, for the message when it is taken. */
  readonly setting: string;
}

/** How long a TLS handshake may take; Node's own patience is two minutes. */
export const handshakeMs = 10_000;

/**
 * Connections that may wait to be accepted; the system may allow fewer. Of Node's 511, ten thousand devices that come back at once lose
 * most of their first packets, and repeat them after 1, 2, 4 ... up to 32 s.
 */
const backlog = 4096;

/**
 * Listens and answers with the port, which the system chose when 0 was asked for.
 * @throws PlatformError PORT_TAKEN that names the setting to change.
 */
export function listen(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => reject(listenFailure(address, cause));
    server.once("error", onError);
    server.listen({ port: address.port, host: address.host, backlog }, () => {
      server.removeListener("error", onError);
      resolve(boundPort(server, address));
    });
  });
}

/** The port a server listens on, which the system chose when 0 was asked for. */
export function boundPort(server: Server, asked: Address): number {
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : asked.port;
}

/** What a failed listen means: a taken port has its own code, anything else is passed on. */
export function listenFailure({ host, port, setting }: Address, cause: unknown): unknown {
  if (codeOf(cause) === "EADDRINUSE") {
    const message = `port ${port} on ${host} is taken: stop what listens there, or set ${setting}`;
    return new PlatformError("PORT_TAKEN", message, { cause, retryable: false });
  }
  if (codeOf(cause) === "EADDRNOTAVAIL" || codeOf(cause) === "ENOTFOUND") {
    const message = `${host} is no address of this machine: set HOST`;
    return new PlatformError("CONFIG_INVALID", message, { cause, retryable: false });
  }
  return cause;
}

/** Whether only this machine reaches a listener on `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
