import { type Role, roles } from "../../../schema/access.ts";
import type { AuditAnswer, OperatorsAnswer, TokensAnswer } from "../../../schema/operator-api.ts";
import { button } from "../parts/controls.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";

export interface OperatorListeners {
  readonly onRole: (role: Role) => void;
  readonly onToggle: () => void;
  readonly onReset: () => void;
  readonly onRemove: () => void;
}

/** One operator, with what an admin may do to it. */
export function operatorRow(
  { name, role, isDisabled, lastLoginUs }: OperatorsAnswer["operators"][number],
  { onRole, onToggle, onReset, onRemove }: OperatorListeners,
): HTMLElement {
  const chooser = element(
    "select",
    { "aria-label": `Role of ${name}` },
    roles.map((one) => element("option", one === role ? { selected: "" } : {}, [one])),
  );
  chooser.addEventListener("change", () => onRole(roles.find((one) => one === chooser.value) ?? role));
  const seen = lastLoginUs === null ? "never logged in" : `last login ${formatMoment(lastLoginUs / 1000)}`;
  return element("li", isDisabled ? { class: "is-off" } : {}, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [name]),
      " ",
      element("small", {}, [isDisabled ? "disabled" : seen]),
    ]),
    chooser,
    button("New password", onReset, { label: `New password for ${name}` }),
    button(isDisabled ? "Enable" : "Disable", onToggle, {
      label: `${isDisabled ? "Enable" : "Disable"} ${name}`,
    }),
    button("Remove", onRemove, { label: `Remove ${name}` }),
  ]);
}

/** One API token; its secret was shown when it was made. */
export function tokenRow(token: TokensAnswer["tokens"][number], onRevoke: () => void): HTMLElement {
  const { name, role, isReadOnly, paths, expiresUs, lastUsedUs } = token;
  const isOver = expiresUs / 1000 < Date.now();
  const scope = [role, ...(isReadOnly ? ["only reads"] : []), ...(paths === null ? [] : [paths.join(", ")])];
  const used = lastUsedUs === null ? "never used" : `last used ${formatMoment(lastUsedUs / 1000)}`;
  const end = `${isOver ? "expired" : "until"} ${formatMoment(expiresUs / 1000)}`;
  return element("li", isOver ? { class: "is-off" } : {}, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [name]),
      ` ${scope.join(", ")} `,
      element("small", {}, [`${end}, ${used}`]),
    ]),
    button("Revoke", onRevoke, { label: `Revoke ${name}` }),
  ]);
}

/** One line of the record of changes. */
export function changeRow({
  atUs,
  by,
  action,
  target,
  before,
  after,
}: AuditAnswer["changes"][number]): HTMLElement {
  const what = [before, after].map((side) => (side === null ? "nothing" : JSON.stringify(side)));
  const isBare = before === null && after === null;
  return element("li", {}, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [action]),
      ` ${target} `,
      element("small", {}, [`by ${by}, ${formatMoment(atUs / 1000)}`]),
      ...(isBare ? [] : [element("p", { class: "change-sides" }, [shortened(what.join(" → "))])]),
    ]),
  ]);
}

const longest = 240;

function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)} …`;
}
