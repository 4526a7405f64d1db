import { find, setText } from "./element.ts";
import { logOut } from "./server-api.ts";
import { onSignedIn } from "./signing.ts";

/** In the head of the page: who sits here, and the way out. Absent where nobody is asked who they are. */
export function startAccount(onLeave: () => void): void {
  onSignedIn(({ kind, name, role }) => {
    find("#account").hidden = kind !== "operator";
    setText(find("#account-name"), name);
    setText(find("#account-role"), role);
  });
  find("#logout").addEventListener("click", () => void logOut().finally(onLeave));
}
