import { createTransport } from "nodemailer";

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly deliveryId: string;
}

export interface MailServer {
  /**
   * Hands a mail over; resolves when the server has taken it for at least one recipient.
   * @throws what the server or the connection answered.
   */
  send(mail: Mail, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Opens the way to a mail server. Each mail has a connection of its own: there are few, and none is kept open for them. */
export function openMailServer(url: string, timeoutMs: number): MailServer {
  const transport = createTransport({
    url,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // What is sent is text that we wrote; nothing is fetched for it.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ from, to, subject, text, deliveryId }, signal) => {
      const host = from.replace(/^.*@/s, "").replace(/[^\w.-].*$/s, "") || "tidemark";
      await transport.sendMail({
        ...{ from, to: [...to], subject, text, signal },
        // The same in every attempt, so that who gets it twice can tell.
        messageId: `<${deliveryId}@${host}>`,
        headers: { "Tidemark-Delivery": deliveryId, "Auto-Submitted": "auto-generated" },
      });
    },
    close: () => transport.close(),
  };
}
