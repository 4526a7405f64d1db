import { parseArgs } from "node:util";
import { type Labels, longestOverlapSeconds, parseLabels } from "../../schema/provisioning.ts";

/** What can be done to whom from the command line, and whether it takes one name, several or none. */
export const accessNouns = {
  devices: {
    add: "several",
    rotate: "one",
    revoke: "one",
    enable: "one",
    disable: "one",
    delete: "one",
    import: "one",
    list: "none",
  },
  services: {
    add: "one",
    rotate: "one",
    revoke: "one",
    enable: "one",
    disable: "one",
    delete: "one",
    list: "none",
  },
  claims: { add: "one", delete: "one", list: "none" },
} as const;

export const accessUsage = `  devices add ID ... [--labels "site=hall 2;line=3"] [--no-password]
  devices rotate ID [--overlap-hours 24]
  devices revoke|enable|disable|delete ID
  devices import FILE   CSV with device_id[,password][,labels]; - reads it from stdin
  devices list
  services add NAME [--publish FILTER ...] [--subscribe FILTER ...]
  services rotate NAME [--overlap-hours 24]
  services revoke|enable|disable|delete NAME
  services list
  claims add NAME [--uses 1] [--hours 168] [--labels ...]
  claims delete NAME
  claims list
`;

/** A command about who may connect. */
export interface AccessCommand {
  readonly noun: keyof typeof accessNouns;
  readonly verb: string;
  readonly names: readonly string[];
  readonly labels: Labels;
  readonly hasPassword: boolean;
  readonly overlapSeconds: number;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly uses: number;
  readonly hours: number;
}

/** Reads `NOUN VERB ...`. @throws TypeError for an option that does not exist. */
export function readAccessCommand(args: readonly string[]): AccessCommand | { readonly mistake: string } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      labels: { type: "string", default: "" },
      "no-password": { type: "boolean", default: false },
      "overlap-hours": { type: "string", default: "24" },
      publish: { type: "string", multiple: true, default: [] },
      subscribe: { type: "string", multiple: true, default: [] },
      uses: { type: "string", default: "1" },
      hours: { type: "string", default: "168" },
    },
  });
  const [noun = "", verb = "", ...names] = positionals;
  const takes = takenBy(noun, verb);
  if (takes === undefined) return { mistake: `there is no command ${noun} ${verb}`.trimEnd() };
  const isEnough = { none: names.length === 0, one: names.length === 1, several: names.length > 0 }[takes];
  if (!isEnough)
    return {
      mistake: `${noun} ${verb} takes ${takes} name${takes === "one" ? "" : "s"}, got ${names.length}`,
    };
  const labels = parseLabels(values.labels);
  if ("objection" in labels) return { mistake: `--labels: ${labels.objection}` };
  const overlapSeconds = Number(values["overlap-hours"]) * 3600;
  if (!(overlapSeconds >= 0 && overlapSeconds <= longestOverlapSeconds))
    return { mistake: `--overlap-hours: a number from 0 to ${longestOverlapSeconds / 3600}` };
  const [uses, hours] = [Number(values.uses), Number(values.hours)];
  if (!(Number.isInteger(uses) && uses >= 1 && uses <= 1_000_000))
    return { mistake: "--uses: a whole number from 1 to 1000000" };
  if (!(hours > 0 && hours <= 366 * 24)) return { mistake: `--hours: a number up to ${366 * 24}` };
  return {
    // `takenBy` knows it.
    noun: noun as AccessCommand["noun"],
    ...{ verb, names, labels: labels.labels, hasPassword: !values["no-password"], overlapSeconds },
    ...{ publish: values.publish, subscribe: values.subscribe, uses, hours },
  };
}

type Taken = "one" | "several" | "none";

function takenBy(noun: string, verb: string): Taken | undefined {
  const nouns: Readonly<Record<string, Readonly<Record<string, Taken>>>> = accessNouns;
  if (!Object.hasOwn(nouns, noun)) return undefined;
  return Object.entries(nouns[noun] ?? {}).find(([name]) => name === verb)?.[1];
}
