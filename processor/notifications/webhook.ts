import { createHmac } from "node:crypto";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import type { BlockList } from "node:net";
import { checkHost, guardedLookup } from "./addresses.ts";

export interface WebhookCall {
  readonly url: string;
  readonly deliveryId: string;
  readonly body: string;
  readonly secret: string;
  readonly nowMs: number;
  /** Networks that may be reached although they are inside. */
  readonly allowed: BlockList;
  readonly signal: AbortSignal;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * Most of an answer that is read, and for how long, for politeness: nobody looks at it, but a receiver that is cut off at once writes an
 * error into its log.
 */
const answerLimit = 65_536;
const answerMs = 1000;

/**
 * Posts a signed message and resolves with the head of the answer, whatever it says. Follows no redirect: the address that was checked
 * is the one that gets it.
 * @throws AddressRefused, or what the connection failed with.
 */
export async function postWebhook(call: WebhookCall): Promise<WebhookAnswer> {
  const { url, body, allowed, signal } = call;
  const target = new URL(url);
  checkHost(target.hostname, allowed);
  const request = target.protocol === "https:" ? secureRequest : plainRequest;
  return await new Promise((resolve, reject) => {
    const sending = request(target, {
      method: "POST",
      headers: headersOf(call),
      // A connection of its own: a kept one could belong to an address that is not allowed any more.
      agent: false,
      lookup: guardedLookup(allowed),
      maxHeaderSize: 16_384,
      signal,
    });
    sending.on("error", reject);
    sending.on("response", (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] });
      let read = 0;
      // The signal of the call is of no use here: whoever has the head in hand lets go of it.
      const patience = setTimeout(() => response.destroy(), answerMs);
      response.on("close", () => clearTimeout(patience));
      response.on("error", () => undefined);
      response.on("data", (chunk: Buffer) => {
        read += chunk.length;
        if (read > answerLimit) response.destroy();
      });
    });
    sending.end(body);
  });
}

function headersOf({ body, deliveryId, secret, nowMs }: WebhookCall): Record<string, string | number> {
  const timestamp = Math.floor(nowMs / 1000);
  return {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "User-Agent": "Tidemark",
    "Tidemark-Delivery": deliveryId,
    "Tidemark-Timestamp": timestamp,
    "Tidemark-Signature": `sha256=${signatureOf(secret, timestamp, body)}`,
  };
}

/** HMAC-SHA256 over the timestamp, a dot and the body, so that neither can be changed nor an old message pass for a new one. */
function signatureOf(secret: string, timestamp: number, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
