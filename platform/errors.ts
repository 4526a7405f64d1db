/** Everything that can be wrong with the world around the platform; bad data is a `Refusal` instead. */
export type ErrorCode =
  | "CONFIG_INVALID"
  | "PORT_TAKEN"
  | "DATA_DIR_LOCKED"
  | "EMBEDDED_DATABASE_FAILED"
  | "STORE_DOWN"
  | "STORE_REFUSED"
  | "SHARD_LOST"
  | "STREAM_DOWN"
  | "STREAM_FULL"
  | "STREAM_REPLACED"
  | "FRAME_TOO_NEW"
  | "FRAME_UNREADABLE"
  | "MODEL_UNREADABLE"
  | "INPUT_UNREADABLE"
  | "BROKER_DOWN"
  | "GATEWAY_BUSY"
  | "STOPPING"
  | "STOP_TIMED_OUT";

/** An exception with a stable code that says whether trying again can help. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryable: boolean }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
  }
}

/** Whatever was thrown, as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The Node or PostgreSQL code of an error (`EADDRINUSE`, `23505`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
