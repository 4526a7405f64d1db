import { TLSSocket } from "node:tls";
import type { Client, ConnectPacket } from "aedes";
import type { Principal } from "../../schema/access.ts";
import type { Caller } from "../doors.ts";

/** Why a connection is refused, with the return code of its CONNACK. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly returnCode: 2 | 3 | 4 | 5;
  constructor(returnCode: 2 | 3 | 4 | 5, reason: string) {
    super(reason);
    this.returnCode = returnCode;
  }
}

/** Who may come in, and what they may do once they are in. */
export interface Guard {
  /** Somebody is at a door. */
  meet(caller: Caller): void;
  /** What a CONNECT asks for, before anybody is asked who it is. */
  note(client: Client, packet: Pick<ConnectPacket, "clientId" | "will">): void;
  /** Lets in, or rejects with `Refused`. */
  admit(client: Client, userName: string | undefined, password: Buffer | undefined): Promise<void>;
  principalOf(client: Client): Principal;
  /** Whether it has shown that it is a process of the platform itself; with ACCESS=open, once the database can be asked. Never rejects. */
  isOwn(client: Client): Promise<boolean>;
  mayPublish(client: Client, topic: string): boolean;
  maySubscribe(client: Client, filter: string): boolean;
  mayHear(client: Client, topic: string): boolean;
  stop(): Promise<void>;
}

/** The certificate of a caller that somebody we trust vouches for. */
export function certificateOf({
  certificateName,
  socket,
}: Caller): { name: string; fingerprint: string } | undefined {
  if (certificateName === undefined || !(socket instanceof TLSSocket)) return undefined;
  // Node answers with an empty object, or null once the socket is gone; then nothing can be revoked, so nothing is shown.
  const fingerprint: string | undefined = socket.getPeerCertificate()?.fingerprint256;
  return fingerprint === undefined ? undefined : { name: certificateName, fingerprint };
}
