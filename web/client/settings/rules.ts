import type { Rule, RuleChangeBody, RulesAnswer } from "../../../schema/rule.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, choice, field, form, nothing, submit, textInput } from "../parts/controls.ts";
import { withoutKind } from "../parts/names.ts";
import { element, setText } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import { type Bench, openBench } from "./bench.ts";
import { describeRule, fieldsOf, type RuleFields, toWish, wishOf } from "./rule-words.ts";

/** Operators' own rules: to add, to change, to switch off, to remove. */
export const openRules = openBench<RulesAnswer>({
  title: "Rules",
  needs: "viewer",
  about: "What raises an alarm whatever the detector thinks of it.",
  load: () => ask(() => api.GET("/api/v1/rules")),
  show: ({ rules }, bench) => [
    rules.length === 0
      ? nothing("There are none.")
      : element(
          "ul",
          { class: "desk-list" },
          rules.map((rule) => renderRule(rule, bench)),
        ),
  ],
  forms: (bench) => [
    element("details", { class: "needs-operator" }, [
      element("summary", {}, ["Add a rule"]),
      ruleForm(undefined, bench),
    ]),
  ],
});

function renderRule(rule: Rule, bench: Bench): HTMLElement {
  const { id, name, version, isEnabled, changedBy, changedUs } = rule;
  const editor = element("div", { class: "rule-editor", hidden: "" });
  const edit = button(
    "Edit",
    () => {
      editor.hidden = !editor.hidden;
      if (editor.children.length === 0) editor.append(ruleForm(rule, bench));
    },
    { needs: "operator", label: `Edit ${name}` },
  );
  const toggle = () =>
    void bench.run(async () => {
      await change(id, { ...toWish(rule), version, isEnabled: !isEnabled });
      return isEnabled ? `“${name}” is off.` : `“${name}” is on.`;
    });
  const remove = () => {
    if (!confirm(`Remove the rule “${name}”?`)) return;
    void bench.run(async () => {
      const of = { path: { id }, query: { version } };
      await demand(() => api.DELETE("/api/v1/rules/{id}", { params: of }));
      return `“${name}” is removed.`;
    });
  };
  const verb = isEnabled ? "Switch off" : "Switch on";
  return element("li", { "data-rule": String(id), ...(isEnabled ? {} : { class: "is-off" }) }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [name]),
      " ",
      element("small", {}, [
        `${describeRule(rule)}; by ${withoutKind(changedBy)}, ${formatMoment(changedUs / 1000)}`,
      ]),
    ]),
    edit,
    button(verb, toggle, { needs: "operator", label: `${verb} ${name}` }),
    button("Remove", remove, { needs: "operator", label: `Remove ${name}` }),
    editor,
  ]);
}

function change(id: number, body: RuleChangeBody): Promise<unknown> {
  return demand(() => api.PUT("/api/v1/rules/{id}", { params: { path: { id } }, body }));
}

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
};

function ruleForm(rule: Rule | undefined, bench: Bench): HTMLElement {
  const shown = rule === undefined ? empty : fieldsOf(rule);
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
    input.value = shown[name as keyof RuleFields];
    input.name = name;
  }
  const names = {
    ...{ name: "Name", sensorType: "Sensor type", devices: "Devices", of: "Looks at", kind: "Is" },
    ...{ limit: "Limit", low: "Low", high: "High", hysteresis: "Hysteresis" },
    ...{ overSeconds: "Rate over, s", forSeconds: "For at least, s", clearSeconds: "Clears after, s" },
    severity: "Severity",
  };
  const labels = new Map(
    Object.entries(inputs).map(
      ([name, input]) => [name, field(names[name as keyof RuleFields], input)] as const,
    ),
  );
  const follow = (): void => {
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
  const save = submit(rule === undefined ? "Add" : "Save");
  const made = form(
    [...labels.values(), save],
    () =>
      void bench.run(async () => {
        // Object.entries forgets which names there are.
        const fields = Object.fromEntries(
          Object.entries(inputs).map(([name, input]) => [name, input.value]),
        ) as RuleFields;
        const wish = wishOf(fields, rule);
        if (rule === undefined) await demand(() => api.POST("/api/v1/rules", { body: wish }));
        else await change(rule.id, { ...wish, version: rule.version });
        if (rule === undefined) {
          made.reset();
          follow();
        }
        return rule === undefined ? `“${wish.name}” is on.` : `“${wish.name}” is changed.`;
      }),
  );
  if (rule !== undefined) setText(save, "Save");
  return made;
}
