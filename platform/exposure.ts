import type { ServiceName } from "./config.ts";

/** The settings that decide who may come in. */
export interface Exposure {
  readonly HOST: string;
  readonly ACCESS: "open" | "credentials";
  readonly LEGACY_HTTP_KEY: string | null;
  readonly LEGACY_HTTP_OPEN: boolean;
}

const shortestKey = 16;

/** What keeps these settings from being safe: a door that the network reaches asks for credentials, or somebody said that it need not. */
export function exposureFaults(settings: Exposure, services: readonly ServiceName[]): string[] {
  const { HOST: host, ACCESS: access, LEGACY_HTTP_KEY: key, LEGACY_HTTP_OPEN: isOpen } = settings;
  const faults: string[] = [];
  const isLegacySettled = key !== null || isOpen || !services.includes("gateway-http");
  if (!isLoopback(host) && (access === "open" || !isLegacySettled)) {
    faults.push(
      `HOST: ${host} opens the doors to the network, and not all of them ask who comes in. There are three ways out: ` +
        "keep HOST=127.0.0.1; or set ACCESS=credentials and LEGACY_HTTP_KEY, a key that the clients of POST /data and GET /latest show; " +
        "or set ACCESS=credentials and LEGACY_HTTP_OPEN=true, so that those two routes are for everybody",
    );
  }
  if (key !== null && key.length < shortestKey) {
    faults.push(
      `LEGACY_HTTP_KEY: must have at least ${shortestKey} characters, e.g. from openssl rand -hex 16`,
    );
  }
  if (key !== null && isOpen) {
    faults.push(
      "LEGACY_HTTP_KEY: excludes LEGACY_HTTP_OPEN=true; the legacy door asks for a key or it does not",
    );
  }
  return faults;
}

/** Whether the legacy HTTP door lets in whoever comes. */
export function isLegacyDoorOpen({
  ACCESS: access,
  LEGACY_HTTP_KEY: key,
  LEGACY_HTTP_OPEN: isOpen,
}: Omit<Exposure, "HOST">): boolean {
  return isOpen || (access === "open" && key === null);
}

/** Whether only this machine reaches a listener on this host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
