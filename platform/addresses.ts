import type { Config } from "./config.ts";
import { plainMqttHost } from "./http/tls-listeners.ts";

/** Where this process is reached, as its banner and its line "ready" tell it. */
export interface Addresses {
  console?: string;
  http?: string;
  mqtt?: string;
  webSocket?: string;
  mqtts?: string;
  secureWebSocket?: string;
  probe?: string;
  /** The token to make the first admin with: shown once, at the start. */
  firstAdmin?: string;
}

/** Where a listener on `host` is reached from this machine. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** The broker in this process, as clients without TLS find it. */
export function plainMqttUrl(config: Config, port: number): string {
  return `mqtt://${inUrl(reachable(plainMqttHost(config)))}:${port}`;
}

interface BrokerPorts {
  readonly mqtt: number;
  readonly webSocket: number;
  readonly mqtts?: number;
  readonly secureWebSocket?: number;
}

/** The broker's ways in. */
export function brokerAddresses(config: Config, ports: BrokerPorts): Addresses {
  const plainHost = inUrl(reachable(plainMqttHost(config)));
  const host = inUrl(reachable(config.HOST));
  return {
    mqtt: plainMqttUrl(config, ports.mqtt),
    webSocket: `ws://${plainHost}:${ports.webSocket}`,
    ...(ports.mqtts === undefined ? {} : { mqtts: `mqtts://${host}:${ports.mqtts}` }),
    ...(ports.secureWebSocket === undefined
      ? {}
      : { secureWebSocket: `wss://${host}:${ports.secureWebSocket}` }),
  };
}

/** A listener of HTTP, or of HTTPS. */
export function httpUrl(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? "https" : "http"}://${inUrl(reachable(host))}:${port}`;
}

/** What is written on the terminal once everything stands. What a person wants first comes first. */
export function banner({ console, firstAdmin, ...others }: Addresses): string {
  const ordered = console === undefined ? others : { console, ...others };
  const width = Math.max(10, ...Object.keys(ordered).map((name) => name.length));
  const lines = Object.entries(ordered).map(([name, address]) => `  ${name.padEnd(width)} ${address}\n`);
  const invitation =
    firstAdmin === undefined
      ? ""
      : `\nThere is no operator yet. Whoever opens this link first makes the first admin:\n  ${console ?? ""}/#first-admin=${firstAdmin}\n`;
  return `\nTidemark is ready.\n${lines.join("")}${invitation}\n`;
}

function inUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
