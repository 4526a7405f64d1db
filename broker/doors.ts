import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer, type Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Config } from "../platform/config.ts";
import { listen } from "../platform/listen.ts";

/** Somebody at a door, before a byte of MQTT was read. */
export interface Caller {
  /** Where MQTT is spoken: the socket itself, or the WebSocket on it. */
  readonly stream: Duplex;
  readonly socket: Socket;
  /** The request that became a WebSocket. */
  readonly request: IncomingMessage | undefined;
  /** The common name of the caller's own certificate, once somebody we trust vouches for it. */
  readonly certificateName?: string | undefined;
}

export interface DoorsOptions {
  readonly config: Config;
  /** Whether whoever is at the other end may come in. Asked before anything is made for them. */
  readonly admit: (socket: Socket) => boolean;
  readonly onCaller: (caller: Caller) => void;
  /** A caller on a WebSocket sent text; MQTT is binary. */
  readonly onText: (caller: Caller) => void;
}

export interface Doors {
  readonly mqttPort: number;
  readonly webSocketPort: number;
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
 * Opens the ways to speak MQTT to the broker: TCP and WebSocket.
 * @throws PlatformError PORT_TAKEN.
 */
export async function openDoors({ config, admit, onCaller, onText }: DoorsOptions): Promise<Doors> {
  const tcp = tcpDoor(onCaller);
  const webSocket = webSocketDoor({ onCaller, onText, maxPayload: config.MAX_PACKET_BYTES });
  const doors = [tcp, webSocket];
  for (const { server } of doors) askFirst(server, admit);
  const clear = (): void => {
    for (const door of doors) door.clear();
  };
  const close = async (): Promise<void> =>
    void (await Promise.all(doors.map(({ server }) => closed(server))));
  const host = config.HOST;
  try {
    const mqttPort = await listen(tcp.server, { host, port: config.MQTT_PORT, setting: "MQTT_PORT" });
    const webSocketPort = await listen(webSocket.server, {
      host,
      port: config.MQTT_WS_PORT,
      setting: "MQTT_WS_PORT",
    });
    return { mqttPort, webSocketPort, close, clear };
  } catch (error) {
    clear();
    await close();
    throw error;
  }
}

function tcpDoor(onCaller: DoorsOptions["onCaller"]): Door {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onCaller({ stream: socket, socket, request: undefined });
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

function webSocketDoor({
  onCaller,
  onText,
  maxPayload,
}: Pick<DoorsOptions, "onCaller" | "onText"> & { readonly maxPayload: number }): Door {
  const server: HttpServer = createHttpServer(requestTimeouts, (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("MQTT over WebSocket only\n");
  });
  const door = new WebSocketServer({
    server,
    maxPayload,
    perMessageDeflate: false,
    // MQTT-6.0.0-4: the subprotocol is "mqtt"; "mqttv3.1" is what clients of 3.1 ask for.
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((protocol) => offered.has(protocol)) ?? false,
  });
  door.on("connection", (socket, request) => {
    const caller = { stream: createWebSocketStream(socket), socket: request.socket, request };
    socket.on("message", (_, isBinary) => {
      if (!isBinary) onText(caller);
    });
    onCaller(caller);
  });
  // It repeats the server's errors, which whoever listens has heard already.
  door.on("error", () => undefined);
  return {
    server,
    clear: () => {
      for (const socket of door.clients) socket.terminate();
      server.closeAllConnections();
    },
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

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // It calls back with an error when it never listened, which is as closed as it gets.
    server.close(() => resolve());
  });
}
