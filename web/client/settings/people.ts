import { roles } from "../../../schema/access.ts";
import type {
  AuditAnswer,
  OperatorChangeBody,
  OperatorsAnswer,
  PasswordAnswer,
  TokensAnswer,
} from "../../../schema/operator-api.ts";
import { api, demand } from "../api/asking.ts";
import { button, choice, field, form, submit, textInput, tick } from "../parts/controls.ts";
import { oneOf } from "../parts/one-of.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import type { Shell } from "../shell/page.ts";
import { fetchChanges, fetchOperators, fetchTokens } from "../shell/server-api.ts";
import { type Bench, openBench } from "./bench.ts";
import { changeRow, operatorRow, tokenRow } from "./people-rows.ts";

const nameInput = { required: "", autocapitalize: "none" };

export const openPassword = openBench({
  title: "Your password",
  needs: "viewer",
  isOfPeople: true,
  load: () => Promise.resolve(null),
  show: () => [],
  forms: (bench) => {
    const password = (autocomplete: string, name: string) =>
      element("input", { type: "password", autocomplete, name, required: "" });
    const current = password("current-password", "current");
    const next = password("new-password", "next");
    const change = form(
      [field("Now", current), field("From now on", next), submit("Change")],
      () =>
        void bench.run(async () => {
          const body = { current: current.value, next: next.value };
          await demand(() => api.POST("/api/v1/me/password", { body }));
          change.reset();
          return "Your password is changed. Your other sessions have ended.";
        }),
    );
    return [change];
  },
});

export const openOperators = openBench<OperatorsAnswer>({
  title: "Operators",
  needs: "admin",
  isOfPeople: true,
  load: fetchOperators,
  show: ({ operators }, bench) => [
    element(
      "ul",
      { class: "desk-list" },
      operators.map((operator) => operatorRow(operator, decisionsAbout(operator, bench))),
    ),
  ],
  forms: (bench) => {
    const name = textInput({ ...nameInput, name: "operator" });
    const role = choice(roles, { name: "role" });
    const add = form(
      [field("Name", name), field("Role", role), submit("Add")],
      () =>
        void bench.run(async () => {
          const body = { name: name.value.trim().toLowerCase(), role: oneOf(roles, role.value) };
          const said = showPassword(bench, await demand(() => api.POST("/api/v1/operators", { body })));
          add.reset();
          return said;
        }),
    );
    return [add];
  },
});

function decisionsAbout(
  { name, isDisabled }: OperatorsAnswer["operators"][number],
  bench: Bench,
): Parameters<typeof operatorRow>[1] {
  const of = { params: { path: { name } } };
  const change = (body: OperatorChangeBody) =>
    demand(() => api.PATCH("/api/v1/operators/{name}", { ...of, body }));
  return {
    onRole: (role) =>
      void bench.run(async () => {
        await change({ role });
        return `${name} is ${role} now.`;
      }),
    onToggle: () =>
      void bench.run(async () => {
        await change({ isDisabled: !isDisabled });
        return isDisabled ? `${name} may log in again.` : `${name} cannot log in any more.`;
      }),
    onReset: () => {
      if (!confirm(`Give ${name} another password? All sessions of ${name} end.`)) return;
      void bench.run(async () =>
        showPassword(bench, await demand(() => api.POST("/api/v1/operators/{name}/password", of))),
      );
    },
    onRemove: () => {
      if (!confirm(`Remove ${name}?`)) return;
      void bench.run(async () => {
        await demand(() => api.DELETE("/api/v1/operators/{name}", of));
        return `${name} is removed.`;
      });
    },
  };
}

function showPassword(bench: Bench, { name, password = "" }: PasswordAnswer): string {
  bench.showSecret(`Password of ${name}:`, password);
  return "Shown this once: hand it over now.";
}

export const openTokens = openBench<TokensAnswer>({
  title: "API tokens",
  needs: "admin",
  isOfPeople: true,
  about: "For programs that ask the API: sent as Authorization: Bearer.",
  load: fetchTokens,
  show: ({ tokens }, bench) => [
    element(
      "ul",
      { class: "desk-list" },
      tokens.map((token) =>
        tokenRow(token, () => {
          if (!confirm(`Revoke ${token.name}? Whatever uses it is refused at once.`)) return;
          void bench.run(async () => {
            await demand(() => api.DELETE("/api/v1/tokens/{id}", { params: { path: { id: token.id } } }));
            return `${token.name} is revoked.`;
          });
        }),
      ),
    ),
  ],
  forms: (bench) => {
    const name = textInput({ ...nameInput, name: "token" });
    const role = choice(roles, { name: "token-role" });
    const days = element("input", { type: "number", min: "1", max: "3650", value: "90", required: "" });
    const isReadOnly = element("input");
    const fields = [
      field("Name", name),
      field("Role", role),
      field("Days", days),
      tick("only reads", isReadOnly),
    ];
    const make = form(
      [...fields, submit("Make")],
      () =>
        void bench.run(async () => {
          const body = {
            name: name.value.trim().toLowerCase(),
            role: oneOf(roles, role.value),
            days: Number(days.value),
            isReadOnly: isReadOnly.checked,
          };
          const { token, secret } = await demand(() => api.POST("/api/v1/tokens", { body }));
          make.reset();
          bench.showSecret(`Token ${token.name}:`, secret);
          return "Shown this once: keep it now.";
        }),
    );
    return [make];
  },
});

/** Who changed what, the newest first; more of it on demand. */
export function openChanges(shell: Shell): Part {
  let pages = 1;
  return openBench<Pick<AuditAnswer, "changes" | "next">>({
    title: "Changes",
    needs: "admin",
    about: "What operators changed, and programs in their name.",
    load: async () => {
      const changes: AuditAnswer["changes"][number][] = [];
      let next: number | null = null;
      for (let page = 0; page < pages; page += 1) {
        const answer: AuditAnswer = await fetchChanges(next ?? undefined);
        changes.push(...answer.changes);
        next = answer.next;
        if (next === null) break;
      }
      return { changes, next };
    },
    show: ({ changes, next }, bench) => {
      const older = button("Show older", () => {
        pages += 1;
        bench.refresh();
      });
      return [
        element("ol", { class: "desk-list", id: "change-list" }, changes.map(changeRow)),
        ...(next === null ? [] : [older]),
      ];
    },
  })(shell);
}
