import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Config } from "../platform/config.ts";
import type { Certificate } from "../platform/http/certificate.ts";
import { handshakeMs, listen } from "../platform/http/listen.ts";
import { plainMqttHost } from "../platform/http/tls-listeners.ts";
import type { Log, Metrics } from "../platform/telemetry.ts";
import { presentedBy } from "./client-certificate.ts";

/** Somebody at a door, before a byte of MQTT was read. */
export interface Caller {
  /** Where MQTT is spoken: the socket itself, or the WebSocket on it. */
  readonly stream: Duplex;
  readonly socket: Socket;
  /** The request that became a WebSocket. */
  readonly request: IncomingMessage | undefined;
  /** The common name in the caller's own certificate, which TLS_CA_FILE vouches for. */
  readonly certificateName: string | undefined;
}

export interface DoorsOptions {
  readonly config: Config;
  /** Opens the doors with TLS as well. */
  readonly certificate: Certificate | undefined;
  /** Whether whoever is at the other end may come in. Asked before anything is made for them. */
  readonly admit: (socket: Socket) => boolean;
  readonly onCaller: (caller: Caller) => void;
  /** A caller on a WebSocket sent text; MQTT is binary. */
  readonly onText: (caller: Caller) => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The ports that are open. */
export interface DoorPorts {
  readonly mqtt: number;
  readonly webSocket: number;
  readonly mqtts?: number;
  readonly secureWebSocket?: number;
}

export interface Doors {
  readonly ports: DoorPorts;
  /** Lets nobody else in; resolves when everybody has left. */
  close(): Promise<void>;
  /** Ends every connection, also of those who never said anything. */
  clear(): void;
}

/** One way in: a listener, and how to be rid of those who came through it. */
interface Door {
  readonly server: Server;
  clear(): void;
}

/**
 * Opens the ways to speak MQTT to the broker: TCP and WebSocket, each also over TLS once there is a certificate.
 * @throws PlatformError PORT_TAKEN.
 */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const { config, certificate } = options;
  const opened: Door[] = [];
  const clear = (): void => {
    for (const door of opened) door.clear();
  };
  const close = async (): Promise<void> =>
    void (await Promise.all(opened.map(({ server }) => closed(server))));
  const open = (door: Door, setting: PortSetting, host = config.HOST): Promise<number> => {
    opened.push(door);
    askFirst(door.server, options.admit);
    return listen(door.server, { host, port: config[setting], setting });
  };
  try {
    const host = plainMqttHost(config);
    const plain = {
      mqtt: await open(tcpDoor(options), "MQTT_PORT", host),
      webSocket: await open(webSocketDoor(options, createHttpServer(requestTimeouts)), "MQTT_WS_PORT", host),
    };
    if (certificate === undefined) return { ports: plain, close, clear };
    const secure = {
      mqtts: await open(tlsDoor(options, certificate), "MQTTS_PORT"),
      secureWebSocket: await open(secureWebSocketDoor(options, certificate), "MQTT_WSS_PORT"),
    };
    return { ports: { ...plain, ...secure }, close, clear };
  } catch (error) {
    clear();
    await close();
    throw error;
  }
}

type PortSetting = "MQTT_PORT" | "MQTT_WS_PORT" | "MQTTS_PORT" | "MQTT_WSS_PORT";

function tcpDoor(options: DoorsOptions): Door {
  return socketDoor(
    createServer({ noDelay: true }, (socket) =>
      meet({ stream: socket, socket, request: undefined }, options),
    ),
  );
}

function tlsDoor(options: DoorsOptions, certificate: Certificate): Door {
  const server = createTlsServer(tlsOptions(options, certificate), (socket) =>
    meet({ stream: socket, socket, request: undefined }, options),
  );
  secure(server, options, certificate);
  return socketDoor(server);
}

function socketDoor(server: Server): Door {
  // Under TLS these are the sockets below it, so that those count which never finish their handshake.
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    server,
    clear: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A request that is to become a WebSocket is short; whoever sends it by halves is cut off. */
const requestTimeouts = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2500 };

function webSocketDoor(options: DoorsOptions, server: HttpServer): Door {
  server.on("request", (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("MQTT over WebSocket only\n");
  });
  const door = new WebSocketServer({
    server,
    maxPayload: options.config.MAX_PACKET_BYTES,
    perMessageDeflate: false,
    // MQTT-6.0.0-4: the subprotocol is "mqtt"; "mqttv3.1" is what clients of 3.1 ask for.
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((protocol) => offered.has(protocol)) ?? false,
  });
  door.on("connection", (socket, request) => {
    const caller = meet({ stream: createWebSocketStream(socket), socket: request.socket, request }, options);
    if (caller === undefined) return;
    socket.on("message", (_, isBinary) => {
      if (!isBinary) options.onText(caller);
    });
  });
  // It repeats the server's errors, which whoever listens has heard already.
  door.on("error", () => undefined);
  const { clear } = socketDoor(server);
  return { server, clear };
}

function secureWebSocketDoor(options: DoorsOptions, certificate: Certificate): Door {
  const server = createHttpsServer({ ...requestTimeouts, ...tlsOptions(options, certificate) });
  secure(server, options, certificate);
  return webSocketDoor(options, server);
}

function tlsOptions({ config }: DoorsOptions, { context }: Certificate) {
  return {
    ...context,
    handshakeTimeout: handshakeMs,
    noDelay: true,
    // Asked for, not demanded: a device may have a password instead. Who shows one that will not do is sent away in `meet`.
    requestCert: config.TLS_CA_FILE !== null,
    rejectUnauthorized: false,
  };
}

/** A server hears of a connection only when `admit` lets it in; before that no TLS is spoken and no HTTP parsed. */
function askFirst(server: Server, admit: DoorsOptions["admit"]): void {
  const emit = server.emit.bind(server);
  server.emit = (event: string, ...args: unknown[]): boolean => {
    const [socket] = args;
    if (event !== "connection" || !(socket instanceof Socket) || admit(socket)) return emit(event, ...args);
    // Without a FIN to wait for, so that a refused connection leaves nothing behind here.
    socket.resetAndDestroy();
    return true;
  };
}

function secure(server: TlsServer, { log, metrics }: DoorsOptions, certificate: Certificate): void {
  certificate.follow(server);
  server.on("tlsClientError", (error, socket) => {
    metrics.connectionErrors.inc();
    log.debug({ address: socket.remoteAddress, reason: error.message }, "TLS handshake failed");
    // Node leaves that to whoever listens; a handshake that never ends would hold its socket for ever.
    socket.destroy();
  });
}

/** Lets in whoever is not known to be somebody else than it claims; undefined for who is sent away. */
function meet(
  arrived: Omit<Caller, "certificateName">,
  { onCaller, log, metrics }: DoorsOptions,
): Caller | undefined {
  const presented = presentedBy(arrived.socket);
  if (presented.kind === "unacceptable") {
    const { reason } = presented;
    metrics.connectionErrors.inc();
    log.info({ address: arrived.socket.remoteAddress, reason }, "client certificate refused");
    arrived.stream.on("error", () => undefined);
    arrived.socket.destroy();
    return undefined;
  }
  const caller = { ...arrived, certificateName: presented.kind === "name" ? presented.name : undefined };
  onCaller(caller);
  return caller;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // It calls back with an error when it never listened, which is as closed as it gets.
    server.close(() => resolve());
  });
}
