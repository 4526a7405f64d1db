import type { IncomingMessage } from "node:http";
import type { Callers } from "../platform/access/callers.ts";
import { bearerOf } from "../platform/access/callers.ts";
import type { EmbedStore } from "../platform/access/embed-ports.ts";
import type { SessionStore, TokenStore } from "../platform/access/operator-ports.ts";
import { isCrossSite } from "../platform/access/peer.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { type Caller, judge } from "../schema/operator.ts";

export interface LiveGuardDeps {
  readonly callers: Callers;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly embeds: EmbedStore;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Who may open a socket, and for how long. */
export interface LiveGuard {
  /** Socket.IO's question at the handshake. */
  readonly allowRequest: (
    request: IncomingMessage,
    answer: (fault: string | null, isAllowed: boolean) => void,
  ) => void;
  /** The one device that whoever sent this handshake may hear of; undefined: all of them. */
  deviceOf(request: IncomingMessage): string | undefined;
  /** Those of these handshakes whose session or token has ended since. */
  ended(requests: readonly IncomingMessage[]): Promise<ReadonlySet<IncomingMessage>>;
}

/** What a token is asked to reach: `paths` of a token can name it. */
const asked = { role: "viewer", path: "/socket.io", isChange: false, isForPeople: false } as const;

export function openLiveGuard(deps: LiveGuardDeps): LiveGuard {
  const { callers, sessions, tokens, embeds, log, metrics } = deps;
  const admitted = new WeakMap<IncomingMessage, Caller>();

  async function faultOf(request: IncomingMessage): Promise<string | null> {
    // A browser opens sockets to anywhere for any page, and sends the cookie along where the site is the same.
    if (bearerOf(request) === undefined && isCrossSite(request, callers.peerOf(request))) return "CROSS_SITE";
    const caller = await callers.identify(request);
    const ofDevices = caller.kind === "embed" ? [caller.deviceId] : [];
    const verdict = judge(caller, { ...asked, ofDevices });
    if (verdict === "allowed") admitted.set(request, caller);
    return { allowed: null, unknown: "UNAUTHENTICATED", forbidden: "FORBIDDEN" }[verdict];
  }

  return {
    allowRequest: (request, answer) => {
      faultOf(request).then(
        (code) => {
          if (code !== null) metrics.httpRefused.inc({ code });
          answer(code, code === null);
        },
        (error: unknown) => {
          log.warn({ err: error }, "browser not admitted");
          answer("STORE_DOWN", false);
        },
      );
    },
    deviceOf: (request) => {
      const caller = admitted.get(request);
      return caller?.kind === "embed" ? caller.deviceId : undefined;
    },
    async ended(requests) {
      const shown = requests.flatMap((request) => {
        const caller = admitted.get(request);
        return caller !== undefined && "hash" in caller ? [{ request, ...caller }] : [];
      });
      const hashesOf = (kind: Caller["kind"]) => [
        ...new Set(shown.filter((one) => one.kind === kind).map(({ hash }) => hash)),
      ];
      const living = {
        operator: await livingOf(sessions, hashesOf("operator")),
        token: await livingOf(tokens, hashesOf("token")),
        embed: await livingOf(embeds, hashesOf("embed")),
      };
      return new Set(shown.filter(({ kind, hash }) => !living[kind].has(hash)).map(({ request }) => request));
    },
  };
}

function livingOf(
  store: Pick<SessionStore | TokenStore | EmbedStore, "living">,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  return hashes.length === 0 ? Promise.resolve(new Set()) : store.living(hashes);
}
