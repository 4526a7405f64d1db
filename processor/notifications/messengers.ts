import type { BlockList } from "node:net";
import { listProxies } from "../../platform/access/peer.ts";
import type { Config } from "../../platform/config.ts";
import type { TakenMessage } from "../../platform/notifications/notification-ports.ts";
import type { EventStream } from "../../platform/ports.ts";
import type { Channel } from "../../schema/notification.ts";
import { bodyOf, type Setting, subjectOf, textOf } from "../../schema/notification-message.ts";
import { topicOf } from "../../schema/notification-plan.ts";
import { askedPause } from "./backoff.ts";
import { openMailServer } from "./mail.ts";
import { postWebhook } from "./webhook.ts";

/** A message that its receiver did not take, in words for an operator. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
  /** What the receiver asked to be left alone for. */
  readonly pauseMs: number | undefined;
  constructor(reason: string, pauseMs?: number) {
    super(reason);
    this.pauseMs = pauseMs;
  }
}

/** How a message is told on each channel; rejects when it was not, or it is not known whether it was. */
export type Messengers = Readonly<
  Record<Channel, (message: TakenMessage, signal: AbortSignal) => Promise<void>>
> & { readonly close: () => void };

export interface MessengerDeps {
  readonly config: Pick<
    Config,
    "PUBLIC_URL" | "SMTP_URL" | "SMTP_FROM" | "WEBHOOK_NETWORKS" | "NOTIFICATION_TIMEOUT_SECONDS"
  >;
  readonly events: Pick<EventStream, "publish">;
}

/** Opens the three ways out. */
export function openMessengers({ config, events }: MessengerDeps): Messengers {
  const allowed = listProxies(config.WEBHOOK_NETWORKS);
  const { SMTP_URL: smtpUrl, SMTP_FROM: from } = config;
  const mail = smtpUrl === null ? null : openMailServer(smtpUrl, config.NOTIFICATION_TIMEOUT_SECONDS * 1000);
  const settingOf = ({ route }: TakenMessage): Setting => ({
    ...{
      route: route.name,
      timeZone: route.timeZone,
      publicUrl: config.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
    },
  });
  return {
    webhook: (message, signal) => tellWebhook(message, { setting: settingOf(message), allowed, signal }),
    mqtt: async (message) => {
      const topic = topicOf(message.route, placeOf(message));
      await events.publish([{ kind: "notification", topic, message: bodyOf(message, settingOf(message)) }]);
    },
    email: async (message, signal) => {
      if (mail === null || from === null) throw new NotTaken("SMTP_URL and SMTP_FROM are not set");
      const text = textOf(message, settingOf(message));
      const letter = {
        from,
        to: message.route.to,
        subject: subjectOf(message),
        text,
        deliveryId: message.id,
      };
      await mail.send(letter, signal);
    },
    close: () => mail?.close(),
  };
}

async function tellWebhook(
  message: TakenMessage,
  { setting, allowed, signal }: { setting: Setting; allowed: BlockList; signal: AbortSignal },
): Promise<void> {
  const { id: deliveryId, url, secret } = message;
  if (url === null || secret === null) throw new NotTaken("the route has no url");
  const body = JSON.stringify(bodyOf(message, setting));
  const { status, retryAfter } = await postWebhook({
    ...{ url, deliveryId, body, secret, allowed, signal, nowMs: Date.now() },
  });
  if (status >= 200 && status < 300) return;
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect
    ? `it answered ${status}, and redirects are not followed`
    : `it answered ${status}`;
  throw new NotTaken(reason, askedPause(retryAfter));
}

/** What of a message can be in its topic. */
function placeOf({ severity, content }: TakenMessage) {
  const alarm = content.kind === "alarm" ? content.event.alarm : null;
  return { severity, device: alarm?.deviceId ?? null, sensor: alarm?.sensorType ?? null };
}
