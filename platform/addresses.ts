/** Where the parts of a running platform are found. */
export interface Addresses {
  console?: string;
  http?: string;
  mqtt?: string;
  webSocket?: string;
  probe?: string;
  /** The token to make the first admin with: shown once, at the start. */
  firstAdmin?: string;
}

/** Where a listener on `host` is reached from this machine. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** A host as it stands in a URL. */
export function inUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The URL of an HTTP listener. */
export function httpUrl(host: string, port: number): string {
  return `http://${inUrl(host)}:${port}`;
}

/** What is written for a person once everything stands: what they want first comes first. */
export function banner({ console, firstAdmin, ...others }: Addresses): string {
  const ordered = console === undefined ? others : { console, ...others };
  const lines = Object.entries(ordered).map(([name, address]) => `  ${name.padEnd(10)} ${address}\n`);
  const invitation =
    firstAdmin === undefined
      ? ""
      : `\nThere is no operator yet. Whoever opens this link first makes the first admin:\n  ${console ?? ""}/#first-admin=${firstAdmin}\n`;
  return `\nTidemark is ready.\n${lines.join("")}${invitation}\n`;
}
