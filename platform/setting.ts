import { isTimeZone } from "../schema/schedule.ts";
import { isNetwork } from "./access/peer.ts";

/** One environment variable: its default, what it means, and how its text becomes a value. */
export interface Setting<T> {
  readonly fallback: T;
  readonly doc: string;
  /** The value, or a sentence saying what is expected. */
  readonly read: (text: string) => T | Fault;
}

/** What a text should have been. */
export class Fault {
  readonly expected: string;
  constructor(expected: string) {
    this.expected = expected;
  }
}

/** Any text. */
export function text(fallback: string, doc: string): Setting<string> {
  return { fallback, doc, read: (raw) => raw };
}

/** Any text, or none. */
export function optional(doc: string): Setting<string | null> {
  return { fallback: null, doc, read: (raw) => raw };
}

/** Addresses and networks; none unless set. */
export function networks(doc: string): Setting<readonly string[]> {
  return {
    fallback: [],
    doc,
    read: (raw) => {
      const entries = raw.split(/[\s,]+/);
      return entries.every(isNetwork)
        ? entries
        : new Fault("addresses and networks such as 10.0.0.0/8, with commas between");
    },
  };
}

/** Origins of pages, such as `https://board.example`; none unless set. */
export function origins(doc: string): Setting<readonly string[]> {
  return {
    fallback: [],
    doc,
    read: (raw) => {
      const entries = raw.split(/[\s,]+/);
      return entries.every(isOrigin)
        ? entries
        : new Fault(
            "origins such as https://board.example:8443, with commas between and nothing behind them",
          );
    },
  };
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** A whole number within a range, ends included. */
export function wholeNumber(
  fallback: number,
  range: readonly [low: number, high: number],
  doc: string,
): Setting<number> {
  const [low, high] = range;
  return {
    fallback,
    doc,
    read: (raw) => {
      const value = /^\d+$/.test(raw) ? Number(raw) : Number.NaN;
      return value >= low && value <= high ? value : new Fault(`a whole number from ${low} to ${high}`);
    },
  };
}

/** A TCP port. */
export function port(fallback: number, doc: string): Setting<number> {
  return wholeNumber(fallback, [0, 65_535], `${doc}; 0 takes a free one`);
}

/** `true` or `false`; false unless set. */
export function flag(doc: string): Setting<boolean> {
  return {
    fallback: false,
    doc,
    read: (raw) => (raw === "true" || raw === "false" ? raw === "true" : new Fault("true or false")),
  };
}

/** A time zone by its name in the IANA database. */
export function timeZone(fallback: string, doc: string): Setting<string> {
  return {
    fallback,
    doc,
    read: (raw) => (isTimeZone(raw) ? raw : new Fault("a time zone such as Europe/Berlin")),
  };
}

/** One of a few words. */
export function oneOf<const T extends string>(fallback: T, others: readonly T[], doc: string): Setting<T> {
  const choices = [fallback, ...others];
  return {
    fallback,
    doc,
    read: (raw) => choices.find((choice) => choice === raw) ?? new Fault(`one of ${choices.join(", ")}`),
  };
}

/** A URL with one of these protocols; none unless set. */
export function url(protocols: readonly string[], doc: string): Setting<string | null> {
  return {
    fallback: null,
    doc,
    read: (raw) => {
      const protocol = URL.canParse(raw) ? new URL(raw).protocol.replace(":", "") : "";
      return protocols.includes(protocol)
        ? raw
        : new Fault(`a URL beginning with ${protocols.join(":// or ")}://`);
    },
  };
}
