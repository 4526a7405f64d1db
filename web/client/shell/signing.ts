import { type Role, reaches, roles } from "../../../schema/access.ts";
import type { MeAnswer } from "../../../schema/operator-api.ts";

const out = "tidemark:signed-out";
const back = "tidemark:signed-in";

/** Says that the server no longer knows who sits here; resolves when somebody has logged in. */
export function signedOut(): Promise<void> {
  return new Promise((resolve) => {
    document.addEventListener(back, () => resolve(), { once: true });
    document.dispatchEvent(new Event(out));
  });
}

/** Says who sits here. */
export function signedIn(me: MeAnswer): void {
  document.documentElement.dataset["role"] = me.role;
  document.dispatchEvent(new CustomEvent(back, { detail: me }));
}

/** Hears when the server no longer knows who sits here. */
export function onSignedOut(listener: () => void): void {
  document.addEventListener(out, listener);
}

/** Hears who sits here, the first time and whenever somebody logs in again. */
export function onSignedIn(listener: (me: MeAnswer) => void): void {
  // Only `signedIn` sends it.
  document.addEventListener(back, (event) => listener((event as CustomEvent<MeAnswer>).detail));
}

/** Whether who sits here may do what this role may. The server decides; this only keeps the page from offering what it would refuse. */
export function may(role: Role): boolean {
  const own = roles.find((one) => one === document.documentElement.dataset["role"]);
  return own === undefined || reaches(own, role);
}
