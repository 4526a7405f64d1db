import type { Rule, RulesAnswer } from "../../../schema/rule.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, nothing } from "../parts/controls.ts";
import { withoutKind } from "../parts/names.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import type { Shell } from "../shell/page.ts";
import { type Bench, openBench } from "./bench.ts";
import { Editors } from "./editors.ts";
import { ruleForm } from "./rule-form.ts";
import { describeRule, toWish } from "./rule-words.ts";

/** Operators' own rules: to add, to change, to switch off, to remove. */
export function openRules(shell: Shell): Part {
  const editors = new Editors<Rule>({ needs: "operator", form: ruleForm, describe: describeRule });
  return openBench<RulesAnswer>({
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
            rules.map((rule) => renderRule(rule, bench, editors)),
          ),
    ],
    forms: (bench) => [
      element("details", { class: "needs-operator" }, [
        element("summary", {}, ["Add a rule"]),
        ruleForm(bench),
      ]),
    ],
  })(shell);
}

function renderRule(rule: Rule, bench: Bench, editors: Editors<Rule>): HTMLElement {
  const { id, name, version, isEnabled, changedBy, changedUs } = rule;
  const editor = editors.partsOf(rule, bench);
  const toggle = () =>
    void bench.run(async () => {
      const body = { ...toWish(rule), version, isEnabled: !isEnabled };
      await demand(() => api.PUT("/api/v1/rules/{id}", { params: { path: { id } }, body }));
      return isEnabled ? `“${name}” is off.` : `“${name}” is on.`;
    });
  const remove = () => {
    if (!confirm(`Remove the rule “${name}”?`)) return;
    void bench.run(async () => {
      const params = { path: { id }, query: { version } };
      await demand(() => api.DELETE("/api/v1/rules/{id}", { params }));
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
    editor.button,
    button(verb, toggle, { needs: "operator", label: `${verb} ${name}` }),
    button("Remove", remove, { needs: "operator", label: `Remove ${name}` }),
    editor.place,
  ]);
}
