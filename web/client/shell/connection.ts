import { io, type Socket } from "socket.io-client";
import type { BrowserEvent, BrowserEvents, ServerEvents } from "../../../schema/event.ts";
import { type ConnectionState, connectionStateOf } from "./connection-state.ts";

/** What can be heard; each may be left out. */
export interface LiveListener {
  readonly onReadings?: ServerEvents["readings"];
  readonly onPresence?: ServerEvents["presence"];
  /** `id` is the place of the event in the stream. */
  readonly onEvent?: (event: BrowserEvent, id: string) => void;
  /** After every connect, the first as well as later ones: what happened in between must be fetched. */
  readonly onConnect?: () => void;
  readonly onDisconnect?: () => void;
  /** A try to connect was in vain: the server is away, or wants to know who sits here. */
  readonly onRefused?: () => void;
}

const refusedRetryMs = 2000;
const barrierTimeoutMs = 1500;

/** The Socket.IO side: keeps trying, resumes after the last event it saw, and can say how it stands. */
export class Connection {
  readonly #socket: Socket<ServerEvents, BrowserEvents>;
  readonly #listeners = new Set<LiveListener>();
  #lastEventId: string | null = null;
  #watched: readonly string[] = [];
  #heardMs = Date.now();
  #wasLive = false;

  /** `protocols` is what a page shows that has no session: the only thing that it can say at the handshake. */
  constructor(first: LiveListener, options: { readonly protocols?: string } = {}) {
    this.#listeners.add(first);
    // WebSocket from the start: a poll could reach another replica, which knows nothing of this session.
    this.#socket = io({
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 1000,
      timeout: 8000,
      ...options,
    });
    this.#socket.on("connect", () => {
      this.#wasLive = true;
      this.#heardMs = Date.now();
      // Every packet counts, also those that Socket.IO keeps to itself.
      this.#socket.io.engine.on("packet", () => {
        this.#heardMs = Date.now();
      });
      this.#socket.emit("watch", this.#watched);
      this.#resume();
      for (const { onConnect } of this.#listeners) onConnect?.();
    });
    this.#socket.on("disconnect", () => {
      for (const { onDisconnect } of this.#listeners) onDisconnect?.();
      this.#insist();
    });
    this.#socket.on("connect_error", () => {
      for (const { onRefused } of this.#listeners) onRefused?.();
      this.#insist();
    });
    this.#socket.on("readings", (batch) => {
      for (const { onReadings } of this.#listeners) onReadings?.(batch);
    });
    this.#socket.on("presence", (changes) => {
      for (const { onPresence } of this.#listeners) onPresence?.(changes);
    });
    this.#socket.on("event", ({ id, event }) => {
      this.#lastEventId = id;
      for (const { onEvent } of this.#listeners) onEvent?.(event, id);
    });
    document.addEventListener("visibilitychange", () => document.hidden || this.#look());
  }

  /** Whether the server is there, as far as one can know. */
  get isLive(): boolean {
    return this.state(Date.now()).kind === "live";
  }

  /** Hears what comes from now on, until the function that it gives is called. */
  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on, and after every reconnect, hear the readings of these devices. */
  watch(deviceIds: readonly string[]): void {
    this.#watched = deviceIds;
    if (this.#socket.connected) this.#socket.emit("watch", deviceIds);
  }

  /** Tries at once instead of when the next attempt is due, or when a silent server is given up. */
  retry(): void {
    if (!this.isLive) this.#socket.disconnect().connect();
  }

  /**
   * Ends when the server has heard everything said so far, or when it is clear that it will not soon. A history fetched after
   * it cannot miss a reading: the server handles one browser's messages in order, and `watch` has no answer of its own.
   */
  async settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, barrierTimeoutMs);
      if (this.#socket.connected) this.#socket.emit("resume", null, () => resolve());
      else this.#socket.once("connect", () => this.#socket.emit("resume", null, () => resolve()));
    });
  }

  state(nowMs: number): ConnectionState {
    const { connected: isConnected } = this.#socket;
    const { onLine: isOnline } = navigator;
    return connectionStateOf(
      { isConnected, wasLive: this.#wasLive, heardMs: this.#heardMs, isOnline },
      nowMs,
    );
  }

  // Of a page that nobody saw the browser may have put off what was due, a new try among it, or have run nothing at all.
  #look(): void {
    if (!this.#socket.connected) this.retry();
    else this.#socket.emit("resume", null, () => undefined);
  }

  #resume(): void {
    this.#socket.emit("resume", this.#lastEventId, (newestId) => {
      this.#lastEventId = newestId;
    });
  }

  // Socket.IO gives up when the server itself said goodbye or refused; a server that restarts does just that.
  #insist(): void {
    if (this.#socket.active) return;
    setTimeout(() => this.#socket.connect(), refusedRetryMs);
  }
}
