import { createHmac } from "node:crypto";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Api } from "./api.ts";

/** What a device shows, and to which broker. */
export type Login = IClientOptions & { readonly url: string };

/** Connects once and does not come back by itself. @throws an error with the return code of the CONNACK that refuses, as `code`. */
export function connectOnce({ url, ...login }: Login): Promise<MqttClient> {
  const client = connect(url, { reconnectPeriod: 0, connectTimeout: 20_000, ...login });
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.on("error", reject);
    client.once("close", () => reject(new Error("the connection was closed")));
  });
}

/** The return code of the CONNACK; 0 when it lets in. */
export async function returnCodeOf(login: Login): Promise<unknown> {
  try {
    await (await connectOnce(login)).endAsync(true);
    return 0;
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error ? error.code : error;
  }
}

/** Resolves when the connection closes, with how many milliseconds that took. */
export function closed(client: MqttClient): Promise<number> {
  const begunMs = performance.now();
  return new Promise((resolve) => {
    if (client.connected) client.once("close", () => resolve(performance.now() - begunMs));
    else resolve(0);
  });
}

/** What was granted of each filter; 128 for what was refused. */
export function grantedTo(client: MqttClient, filters: string[], qos: 0 | 1): Promise<unknown> {
  return new Promise((resolve) => {
    client.subscribe(filters, { qos }, (_error, _granted, packet) => resolve(packet?.granted));
  });
}

/** Provisions a device; answers with its password. */
export async function provision(api: Api, id: string): Promise<string> {
  const { text } = await api.post("devices", { id });
  const [, password] = /"password":"([^"]+)"/.exec(text) ?? [];
  if (password === undefined) throw new Error(`${id} was not provisioned: ${text}`);
  return password;
}

/** A token signed with HS256. */
export function tokenOf(secret: string, claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256" })}.${part(claims)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** A moment from now, as tokens count them. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
