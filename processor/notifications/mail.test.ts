import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MailReceiver, openMailReceiver } from "../../tests/harness/receivers.ts";
import { openMailServer } from "./mail.ts";

let receiver: MailReceiver;
beforeAll(async () => {
  receiver = await openMailReceiver();
});
afterAll(() => receiver.close());

const mail = {
  ...{ from: "Tidemark <tidemark@example.org>", to: ["ada@example.org", "ben@example.org"] },
  ...{ subject: "[major] boiler-3 temperature 41.2 °C", text: "It is hot.\n", deliveryId: "d-1" },
};

const send = (over: Partial<typeof mail> = {}, { url = receiver.url, timeoutMs = 5000 } = {}) => {
  const server = openMailServer(url, timeoutMs);
  return server.send({ ...mail, ...over }, AbortSignal.timeout(5000)).finally(() => server.close());
};

test("a mail is plain text, with an id that stays the same in every attempt", async () => {
  await send();
  const [got = ""] = receiver.mails.slice(-1);
  expect(got).toMatch(/^From: Tidemark <tidemark@example.org>\r?$/m);
  expect(got).toMatch(/^To: ada@example.org, ben@example.org\r?$/m);
  expect(got).toMatch(/^Message-ID: <d-1@example.org>\r?$/m);
  expect(got).toMatch(/^Tidemark-Delivery: d-1\r?$/m);
  expect(got).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
  expect(got).toMatch(/^Content-Type: text\/plain; charset=utf-8\r?$/m);
  expect(got).toContain("It is hot.");
});

test("a name with a line break in it adds no header", async () => {
  await send({ subject: "[major] boiler\r\nBcc: eve@example.org\r\n\r\nhello" });
  const [got = ""] = receiver.mails.slice(-1);
  expect(got).not.toMatch(/^Bcc:/m);
});

test("one recipient that is refused keeps the mail from nobody else; all of them are a failure", async () => {
  receiver.refused.add("ben@example.org");
  await send();
  await expect(send({ to: ["ben@example.org"] })).rejects.toThrow(/mailbox unavailable/);
});

test("a wrong password, a closed port and a server that says nothing are failures", async () => {
  await expect(send({}, { url: receiver.url.replace(":mark@", ":wrong@") })).rejects.toThrow(/no such user/);
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const url = `smtp://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  await expect(send({}, { url, timeoutMs: 50 })).rejects.toThrow(/[Tt]imeout|never received/);
  await new Promise((resolve) => silent.close(resolve));
  await expect(send({}, { url })).rejects.toThrow(/ECONNREFUSED/);
});
