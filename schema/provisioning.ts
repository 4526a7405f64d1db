import { Type } from "typebox";
import { isProvisionable } from "./access.ts";
import { deviceIdLimit } from "./reading.ts";

/** What an operator notes about a device, such as where it stands. */
export type Labels = Readonly<Record<string, string>>;

const labelNamePattern = "^[\\p{L}\\p{N}][\\p{L}\\p{N}_.-]{0,62}$";
const labelName = new RegExp(labelNamePattern, "u");
const labelTextLimit = 256;
const labelLimit = 32;

/** Labels in a body. Unpaired surrogates and NUL are no text to PostgreSQL. */
export const LabelsBody = Type.Unsafe<Labels>({
  type: "object",
  maxProperties: labelLimit,
  propertyNames: { pattern: labelNamePattern },
  additionalProperties: { type: "string", maxLength: labelTextLimit, pattern: "^[^\\u0000\\p{Cs}]*$" },
  description:
    "Names of 1 to 63 letters, digits, dots, dashes and underscores; texts of up to 256 characters.",
});

/** Fewest and most characters of a password that somebody chose. */
export const chosenPasswordLimits = { least: 12, most: 128 } as const;

/** How long the password before stays valid after a rotation, unless something else is asked for. */
export const defaultOverlapSeconds = 86_400;
export const longestOverlapSeconds = 30 * 86_400;

/** Why a device of this id cannot be provisioned, or undefined. */
export function objectionToDeviceId(deviceId: string): string | undefined {
  if (isProvisionable(deviceId)) return undefined;
  return deviceId === "service"
    ? '"service" stands for service accounts; choose another id'
    : `a device id is 1 to ${deviceIdLimit} characters without / + # or control characters, and not "$" or a blank at its ends`;
}

/** Why this cannot be a chosen password, or undefined. */
export function objectionToPassword(password: string): string | undefined {
  const { least, most } = chosenPasswordLimits;
  const isLong = password.length >= least && password.length <= most;
  return isLong ? undefined : `a password has ${least} to ${most} characters; leave it out to have one made`;
}

/** Reads `site=hall 2;line=3`. */
export function parseLabels(text: string): { labels: Labels } | { objection: string } {
  const labels: Record<string, string> = Object.create(null);
  const parts = text.split(";").filter((part) => part.trim() !== "");
  if (parts.length > labelLimit) return { objection: `at most ${labelLimit} labels` };
  for (const part of parts) {
    const at = part.indexOf("=");
    const name = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    const isGood = at > 0 && labelName.test(name) && value.length <= labelTextLimit && !value.includes("\0");
    if (!isGood)
      return { objection: `labels are name=text, with ; between them, got ${JSON.stringify(part)}` };
    labels[name] = value;
  }
  return { labels };
}

/** `parseLabels` backwards. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(";");
}

/** Why this cannot be the name of a service account or a claim token, or undefined. */
export function objectionToName(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)
    ? undefined
    : "a name is 1 to 63 letters, digits, dots, dashes and underscores, and begins with a letter or digit";
}

const filterLimit = 256;

/** Why this cannot be a topic filter, or undefined (MQTT 3.1.1, section 4.7). */
export function objectionToFilter(filter: string): string | undefined {
  const levels = filter.split("/");
  const isWild = levels.every((level, place) => {
    if (level === "#") return place === levels.length - 1;
    return level === "+" || !/[+#\0]/.test(level);
  });
  return filter !== "" && filter.length <= filterLimit && isWild
    ? undefined
    : `a topic filter has 1 to ${filterLimit} characters, + alone in a level and # alone in the last, got ${JSON.stringify(filter)}`;
}
