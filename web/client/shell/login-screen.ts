import { passwordFault, passwordLimits } from "../../../schema/operator.ts";
import { find, findAs, setText } from "./element.ts";
import { logIn, makeFirstAdmin } from "./server-api.ts";
import { onSignedIn, onSignedOut, signedIn } from "./signing.ts";

/** In the fragment, which no server, proxy or log ever sees. */
const invitation = /^#first-admin=([\w-]+)$/;

/** Lies over the page until somebody has logged in; what the page showed stays beneath it. */
export class LoginScreen {
  readonly #dialog = findAs("#login", HTMLDialogElement);
  readonly #form = findAs("#login-form", HTMLFormElement);
  readonly #name = findAs("#login-name", HTMLInputElement);
  readonly #password = findAs("#login-password", HTMLInputElement);
  readonly #submit = findAs("#login-submit", HTMLButtonElement);
  readonly #error = find("#login-error");
  /** While there is no operator: what the first admin is made with. */
  #token: string | undefined;
  #isNeeded = false;

  start(): void {
    this.#token = invitation.exec(location.hash)?.[1];
    // It has been read, and need not stay in the history of the browser.
    if (this.#token !== undefined) history.replaceState(null, "", location.pathname + location.search);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#try();
    });
    find("#login-other").addEventListener("click", () => {
      this.#token = undefined;
      this.#show();
    });
    // There is nothing behind it to go back to.
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") event.preventDefault();
    });
    // Other ways of asking, such as a phone's gesture; the second one in a row closes a dialog all the same.
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.#dialog.addEventListener("close", () => this.#isNeeded && this.#lay());
    onSignedOut(() => this.#open());
    onSignedIn(({ kind, name }) => {
      if (kind === "operator") this.#name.value = name;
      this.#isNeeded = false;
      this.#dialog.close();
      // It goes back to what had the focus before, and at the first login nothing had.
      if (document.activeElement === document.body) find("#page").focus({ preventScroll: true });
    });
  }

  #open(): void {
    if (this.#isNeeded) return;
    this.#isNeeded = true;
    this.#show();
    this.#lay();
  }

  #lay(): void {
    this.#dialog.showModal();
    if (this.#name.value === "") this.#name.focus();
    else this.#password.select();
  }

  #show(): void {
    const isFirst = this.#token !== undefined;
    setText(find("#login-title"), isFirst ? "Make the first admin" : "Log in");
    setText(
      find("#login-hint"),
      isFirst
        ? `You are the first here. Choose a name, and a password of ${passwordLimits.shortest} characters or more.`
        : "",
    );
    setText(this.#submit, isFirst ? "Make the admin" : "Log in");
    find("#login-other").hidden = !isFirst;
    find("#login-foot").hidden = isFirst;
    this.#password.autocomplete = isFirst ? "new-password" : "current-password";
    this.#password.value = "";
    this.#say("");
  }

  async #try(): Promise<void> {
    const [name, password] = [this.#name.value.trim().toLowerCase(), this.#password.value];
    const fault = this.#faultOf(name, password);
    if (fault !== undefined) {
      this.#say(fault);
      return;
    }
    this.#submit.disabled = true;
    this.#say("");
    try {
      const token = this.#token;
      const me = await (token === undefined
        ? logIn({ name, password })
        : makeFirstAdmin({ token, name, password }));
      this.#token = undefined;
      this.#password.value = "";
      signedIn(me);
    } catch (cause) {
      this.#say(cause instanceof Error ? cause.message : String(cause));
      this.#password.select();
    } finally {
      this.#submit.disabled = false;
    }
  }

  #faultOf(name: string, password: string): string | undefined {
    if (name === "") return "Type your name.";
    if (password === "") return "Type your password.";
    const fault = this.#token === undefined ? undefined : passwordFault(password, name);
    return fault === undefined ? undefined : `${fault[0]?.toUpperCase()}${fault.slice(1)}.`;
  }

  #say(sentence: string): void {
    setText(this.#error, sentence);
  }
}
