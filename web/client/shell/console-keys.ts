import { find } from "./element.ts";
import { isForPage } from "./keys.ts";
// Not loaded when it is asked for: what is typed while it comes would be lost.
import { Palette, type PaletteDeps } from "./palette.ts";

/** So long after `g` the next key still names a page. */
const patienceMs = 1500;

interface ConsoleKeysDeps extends PaletteDeps {
  /** Such as that a part of the console could not be loaded. */
  readonly onFailure: () => void;
}

/** The keys that mean the same on every page. */
export function startConsoleKeys({ onFailure, ...deps }: ConsoleKeysDeps): void {
  const { routes, go } = deps;
  let wentMs = Number.NEGATIVE_INFINITY;
  let palette: Palette | undefined;
  const openPalette = (): undefined => {
    palette ??= new Palette(deps);
    palette.open();
  };
  const openHelp = async (): Promise<void> => (await import("./help.ts")).openHelp(routes);
  const search = (): undefined => {
    const field = document.querySelector<HTMLInputElement>("#search");
    field?.focus();
    return field === null ? openPalette() : undefined;
  };
  const meanings = new Map<string, () => Promise<void> | undefined>([
    ["/", search],
    ["?", openHelp],
  ]);
  find("#keys-open").addEventListener("click", () => void openHelp().catch(onFailure));
  const pageOf = (key: string): (() => undefined) | undefined => {
    const page = routes.find((route) => route.key === key);
    return page && (() => void go(page.pattern));
  };
  const meaningOf = (event: KeyboardEvent): (() => Promise<void> | undefined) | undefined => {
    const isWithControl = event.ctrlKey || event.metaKey;
    if (isWithControl && event.key.toLowerCase() === "k")
      return document.querySelector("dialog[open]") === null ? openPalette : undefined;
    if (!isForPage(event) || isWithControl || event.altKey) return undefined;
    const isGoing = performance.now() - wentMs < patienceMs;
    wentMs = event.key === "g" ? performance.now() : Number.NEGATIVE_INFINITY;
    return isGoing ? pageOf(event.key) : meanings.get(event.key);
  };
  document.addEventListener("keydown", (event) => {
    const work = meaningOf(event);
    if (work === undefined) return;
    event.preventDefault();
    // The page has keys of its own.
    event.stopImmediatePropagation();
    Promise.resolve(work()).catch(onFailure);
  });
}
