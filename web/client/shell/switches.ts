import { readStored, writeStored } from "./storage.ts";

/** What an operator switches on and off for this browser, and whether it is on before. */
const switches = { letters: true, sound: false } as const;
export type SwitchName = keyof typeof switches;

const storageKeyOf = (name: SwitchName): string => `tidemark:${name}`;
const names = Object.keys(switches) as SwitchName[]; // The keys of a literal are those of its type.

/** Takes up what was chosen in this browser, follows what is chosen in other pages of it, and hears the ticks of `switchTick`. */
export function startSwitches(onChosen: (name: SwitchName) => void = () => undefined): void {
  const takeUp = (): void => {
    for (const name of names) mark(name, meaningOf(name, readStored(storageKeyOf(name))));
  };
  takeUp();
  // Said to all pages but the one that wrote it.
  addEventListener("storage", takeUp);
  document.addEventListener("change", ({ target }) => {
    const name = names.find(
      (candidate) => target instanceof HTMLInputElement && target.dataset["switch"] === candidate,
    );
    if (name === undefined) return;
    const isOn = !isSwitchedOn(name);
    mark(name, isOn);
    writeStored(storageKeyOf(name), isOn ? "on" : "off");
    onChosen(name);
  });
}

/** What a stored text means; what was never chosen, or is not understood, is as it is before. */
export function meaningOf(name: SwitchName, stored: string | undefined): boolean {
  return stored === "on" || (stored !== "off" && switches[name]);
}

export function isSwitchedOn(name: SwitchName): boolean {
  // What a key means is tested where there is no document.
  return meaningOf(name, globalThis.document?.documentElement.dataset[name]);
}

/** The input of a switch; however many there are of one, all show the same. */
export function switchInput(name: SwitchName): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "checkbox";
  input.dataset["switch"] = name;
  input.checked = isSwitchedOn(name);
  return input;
}

function mark(name: SwitchName, isOn: boolean): void {
  document.documentElement.dataset[name] = isOn ? "on" : "off";
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[data-switch="${name}"]`))
    input.checked = isOn;
}
