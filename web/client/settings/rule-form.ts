import type { Rule } from "../../../schema/rule.ts";
import { api, demand } from "../api/asking.ts";
import { choice, field, form, submit, textInput } from "../parts/controls.ts";
import { element } from "../shell/element.ts";
import { zoneName } from "../shell/zone.ts";
import type { Bench } from "./bench.ts";
import type { Edited } from "./editors.ts";
import { HoursField } from "./hours-field.ts";
import { fieldsOf, type RuleFields, wishOf } from "./rule-words.ts";

const empty: RuleFields = {
  ...{ name: "", sensorType: "", devices: "", of: "value", kind: "above", severity: "major" },
  ...{
    limit: "",
    low: "",
    high: "",
    hysteresis: "0",
    overSeconds: "60",
    forSeconds: "0",
    clearSeconds: "60",
  },
  schedule: null,
};

/** A form for a new rule, or for one that is to be another. */
export function ruleForm(bench: Bench, edited?: Edited<Rule>): HTMLElement {
  const inputs = inputsOf(edited === undefined ? empty : fieldsOf(edited.item));
  const made = form(
    [...inputs.elements, submit(edited === undefined ? "Add" : "Save")],
    () =>
      void bench.run(async () => {
        const wish = wishOf(inputs.read(), edited?.current());
        if (edited === undefined) {
          await demand(() => api.POST("/api/v1/rules", { body: wish }));
          made.reset();
          inputs.follow();
          return `“${wish.name}” is on.`;
        }
        const { id, version } = edited.current();
        const body = { ...wish, version };
        await demand(() => api.PUT("/api/v1/rules/{id}", { params: { path: { id } }, body }));
        edited.onSaved();
        return `“${wish.name}” is changed.`;
      }),
  );
  return made;
}

const names = {
  ...{ name: "Name", sensorType: "Sensor type", devices: "Devices", of: "Looks at", kind: "Is" },
  ...{ limit: "Limit", low: "Low", high: "High", hysteresis: "Hysteresis" },
  ...{ overSeconds: "Rate over, s", forSeconds: "For at least, s", clearSeconds: "Clears after, s" },
  severity: "Severity",
};

/** What is asked for in a form, and the rule's fields that come of it. */
function inputsOf(shown: RuleFields) {
  const number = () => element("input", { type: "number", step: "any" });
  const inputs = {
    name: textInput({ required: "", maxlength: "100" }),
    sensorType: textInput({ required: "", maxlength: "64", placeholder: "temperature" }),
    devices: textInput({ placeholder: "all; or ids and patterns such as boiler-*" }),
    of: choice([
      ["value", "the value"],
      ["rate", "its change a minute"],
    ]),
    kind: choice(["above", "below", "outside", "inside"]),
    ...{ limit: number(), low: number(), high: number(), hysteresis: number() },
    ...{ overSeconds: number(), forSeconds: number(), clearSeconds: number() },
    severity: choice(["minor", "major", "critical"]),
  };
  for (const [name, input] of Object.entries(inputs)) {
    // Each input has the name of its field.
    input.value = shown[name as keyof typeof inputs];
    input.name = name;
  }
  const labels = new Map(
    Object.entries(inputs).map(
      ([name, input]) => [name, field(names[name as keyof typeof inputs], input)] as const,
    ),
  );
  const zone = textInput({ name: "zone", value: shown.schedule?.timeZone ?? zoneName("local") });
  const hours = new HoursField("Only in certain hours", shown.schedule, [field("Time zone", zone)]);
  const follow = (): void => {
    hours.follow();
    const isOneSided = inputs.kind.value === "above" || inputs.kind.value === "below";
    for (const [name, isNeeded] of [
      ["limit", isOneSided],
      ["low", !isOneSided],
      ["high", !isOneSided],
      ["overSeconds", inputs.of.value === "rate"],
    ] as const) {
      const label = labels.get(name);
      if (label !== undefined) label.hidden = !isNeeded;
      inputs[name].required = isNeeded;
    }
  };
  inputs.kind.addEventListener("change", follow);
  inputs.of.addEventListener("change", follow);
  follow();
  const read = (): RuleFields => {
    const week = hours.read();
    const typed = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    // Object.entries forgets which names there are.
    return { ...typed, schedule: week && { ...week, timeZone: zone.value.trim() } } as RuleFields;
  };
  return { elements: [...labels.values(), hours.element], follow, read };
}
