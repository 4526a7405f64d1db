import { isUtf8 } from "node:buffer";
import type { Span } from "./packet-fields.ts";
import { type Violation, violation } from "./violation.ts";

const [plus, hash, slash] = [0x2b, 0x23, 0x2f];
const [firstPrintable, lastPrintable] = [0x20, 0x7e];

const notUtf8 = violation("text-encoding", "MQTT-1.5.3-1", "a text is not well-formed UTF-8");
const hasNull = violation("text-characters", "MQTT-1.5.3-2", "a text has the character U+0000");
// Here the specification leaves the choice: such characters should not be sent, and who sends them may be cut off. No device needs
// them, and they hide in logs and on screens.
const hasControls = violation(
  "text-characters",
  "§1.5.3",
  "a text has a control character or a noncharacter",
);
const emptyName = violation("topic-name", "MQTT-4.7.3-1", "a topic name is empty");
const wildcardInName = violation("topic-name", "MQTT-3.3.2-2", "a topic name has a wildcard");
const emptyFilter = violation("topic-filter", "MQTT-4.7.3-1", "a topic filter is empty");
const hashNotLast = violation("topic-filter", "MQTT-4.7.1-2", "# is not the whole last level of a filter");
const plusNotAlone = violation("topic-filter", "MQTT-4.7.1-3", "+ is not a whole level of a filter");

const unwanted = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** What makes these bytes no text of MQTT, or undefined. */
export function violationOfText(bytes: Buffer, { from, to }: Span): Violation | undefined {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < firstPrintable || byte > lastPrintable) return lookedAtClosely(bytes.subarray(from, to));
  }
  return undefined;
}

/** What makes these bytes no topic name, or undefined. */
export function violationOfName(bytes: Buffer, span: Span): Violation | undefined {
  const { from, to } = span;
  if (from === to) return emptyName;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === plus || byte === hash) return wildcardInName;
    if (byte < firstPrintable || byte > lastPrintable)
      return violationOfText(bytes, span) ?? violationOfWildcards(bytes, { from: at, to });
  }
  return undefined;
}

/** What makes these bytes no topic filter, or undefined. */
export function violationOfFilter(bytes: Buffer, span: Span): Violation | undefined {
  const { from, to } = span;
  if (from === to) return emptyFilter;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte !== plus && byte !== hash) continue;
    const isFirst = at === from || bytes[at - 1] === slash;
    const isLast = at + 1 === to;
    if (byte === hash && !(isFirst && isLast)) return hashNotLast;
    if (byte === plus && !(isFirst && (isLast || bytes[at + 1] === slash))) return plusNotAlone;
  }
  return violationOfText(bytes, span);
}

function violationOfWildcards(bytes: Buffer, { from, to }: Span): Violation | undefined {
  for (let at = from; at < to; at += 1) if (bytes[at] === plus || bytes[at] === hash) return wildcardInName;
  return undefined;
}

/** For texts that are more than printable ASCII. */
function lookedAtClosely(bytes: Buffer): Violation | undefined {
  // It refuses surrogates and overlong forms as well.
  if (!isUtf8(bytes)) return notUtf8;
  if (bytes.includes(0)) return hasNull;
  return unwanted.test(bytes.toString()) ? hasControls : undefined;
}
