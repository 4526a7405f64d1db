import type {
  AuditAnswer,
  NewTokenAnswer,
  OperatorsAnswer,
  PasswordAnswer,
  TokensAnswer,
} from "../../../schema/operator-api.ts";
import { find, findAs, setText } from "../shell/element.ts";
import { demand, fetchChanges, fetchOperators, fetchTokens } from "../shell/server-api.ts";
import { may } from "../shell/signing.ts";
import { changeRow, operatorRow, tokenRow } from "./access-rows.ts";

/** The panel behind "Access": the own password, and for admins who may come in, with what, and what was changed. */
export class AccessPanel {
  readonly #dialog = findAs("#access", HTMLDialogElement);
  readonly #opener = find("#access-open");
  readonly #secret = find("#access-secret");
  readonly #more = find("#change-more");
  #changes: AuditAnswer["changes"] = [];
  #next: number | undefined;

  start(): void {
    this.#opener.addEventListener("click", () => this.#open());
    find("#access-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      this.#hideSecret();
      this.#opener.focus();
    });
    find("#access-copy").addEventListener("click", () => {
      getSelection()?.selectAllChildren(find("#access-secret-text"));
      document.execCommand("copy");
    });
    this.#more.addEventListener("click", () => void this.#showChanges(this.#next));
    this.#onSubmit("#password-form", () => this.#changePassword());
    this.#onSubmit("#operator-form", () => this.#addOperator());
    this.#onSubmit("#token-form", () => this.#makeToken());
  }

  #open(): void {
    this.#say("");
    this.#dialog.showModal();
    find("#access-title").focus();
    this.#run(() => this.#refresh());
  }

  #onSubmit(selector: string, work: () => Promise<string>): void {
    const form = findAs(selector, HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run(async () => {
        const said = await work();
        form.reset();
        await this.#refresh();
        return said;
      });
    });
  }

  /** Does the work and says what came of it. */
  #run(work: () => Promise<string>): void {
    this.#hideSecret();
    work().then(
      (said) => this.#say(said),
      (cause: unknown) => this.#say(cause instanceof Error ? cause.message : String(cause)),
    );
  }

  async #refresh(): Promise<string> {
    if (!may("admin")) return "";
    const [{ operators }, { tokens }] = await Promise.all([fetchOperators(), fetchTokens()]);
    this.#showOperators(operators);
    this.#showTokens(tokens);
    await this.#showChanges(undefined);
    return "";
  }

  #showOperators(operators: OperatorsAnswer["operators"]): void {
    const act = (work: () => Promise<string>) => this.#run(async () => this.#then(await work()));
    const ask = (question: string, work: () => Promise<string>) => confirm(question) && act(work);
    const rows = operators.map((operator) => {
      const path = `operators/${encodeURIComponent(operator.name)}`;
      return operatorRow(operator, {
        onRole: (role) =>
          act(() => demand("PATCH", path, { role }).then(() => `${operator.name} is ${role} now.`)),
        onToggle: () =>
          act(() => demand("PATCH", path, { isDisabled: !operator.isDisabled }).then(() => "Done.")),
        onReset: () =>
          ask(`Give ${operator.name} another password? All sessions of ${operator.name} end.`, async () =>
            this.#show(await demand<PasswordAnswer>("POST", `${path}/password`)),
          ),
        onRemove: () =>
          ask(`Remove ${operator.name}?`, () =>
            demand("DELETE", path).then(() => `${operator.name} is removed.`),
          ),
      });
    });
    find("#operator-list").replaceChildren(...rows);
  }

  #showTokens(tokens: TokensAnswer["tokens"]): void {
    const rows = tokens.map((token) =>
      tokenRow(token, () => {
        if (!confirm(`Revoke ${token.name}? Whatever uses it is refused at once.`)) return;
        this.#run(async () => {
          await demand("DELETE", `tokens/${token.id}`);
          return this.#then(`${token.name} is revoked.`);
        });
      }),
    );
    find("#token-list").replaceChildren(...rows);
  }

  async #showChanges(before: number | undefined): Promise<void> {
    const { changes, next } = await fetchChanges(before);
    this.#changes = before === undefined ? changes : [...this.#changes, ...changes];
    this.#next = next ?? undefined;
    this.#more.hidden = next === null;
    find("#change-list").replaceChildren(...this.#changes.map(changeRow));
  }

  /** Shows what has become of everything, then goes on saying the same. */
  async #then(said: string): Promise<string> {
    await this.#refresh();
    return said;
  }

  async #changePassword(): Promise<string> {
    const [current, next] = ["#password-current", "#password-next"].map(
      (selector) => findAs(selector, HTMLInputElement).value,
    );
    await demand("POST", "me/password", { current, next });
    return "Your password is changed. Your other sessions have ended.";
  }

  async #addOperator(): Promise<string> {
    const name = findAs("#operator-name", HTMLInputElement).value.trim().toLowerCase();
    const role = findAs("#operator-role", HTMLSelectElement).value;
    return this.#show(await demand<PasswordAnswer>("POST", "operators", { name, role }));
  }

  async #makeToken(): Promise<string> {
    const { token, secret } = await demand<NewTokenAnswer>("POST", "tokens", {
      name: findAs("#token-name", HTMLInputElement).value.trim().toLowerCase(),
      role: findAs("#token-role", HTMLSelectElement).value,
      days: Number(findAs("#token-days", HTMLInputElement).value),
      isReadOnly: findAs("#token-read-only", HTMLInputElement).checked,
    });
    this.#showSecret(`Token ${token.name}:`, secret);
    return "Shown this once: keep it now.";
  }

  #show({ name, password = "" }: PasswordAnswer): string {
    this.#showSecret(`Password of ${name}:`, password);
    return "Shown this once: hand it over now.";
  }

  #showSecret(label: string, text: string): void {
    setText(find("#access-secret-label"), label);
    setText(find("#access-secret-text"), text);
    this.#secret.hidden = false;
  }

  #hideSecret(): void {
    this.#secret.hidden = true;
    setText(find("#access-secret-text"), "");
  }

  #say(sentence: string): void {
    setText(find("#access-result"), sentence);
  }
}
