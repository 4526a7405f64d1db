import { readStored, writeStored } from "./storage.ts";

/** The colours a canvas needs; everything else takes them from style.css itself. */
export interface Palette {
  readonly line: string;
  readonly fill: string;
  readonly fillEnd: string;
  readonly anomaly: string;
  readonly minor: string;
  readonly critical: string;
  readonly surface: string;
  readonly ink: string;
  readonly grid: string;
  readonly text: string;
  readonly expected: string;
  /** What was usual, behind the line, and its ends. */
  readonly usual: string;
  readonly usualEdge: string;
  readonly focus: string;
}

const choices = ["system", "dark", "light", "contrast"] as const;
type Choice = (typeof choices)[number];
const storageKey = "tidemark:theme";

/** Follows the theme switch and the system; `onChange` hears every change of what is really shown. */
export function startTheme(group: HTMLElement, onChange: () => void): void {
  const show = (choice: Choice): void => {
    document.documentElement.dataset["theme"] = choice;
    for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === choice;
  };
  const stored = readStored(storageKey);
  show(choices.find((choice) => choice === stored) ?? "system");
  group.addEventListener("change", (event) => {
    const value = event.target instanceof HTMLInputElement ? event.target.value : "";
    const choice = choices.find((candidate) => candidate === value) ?? "system";
    show(choice);
    writeStored(storageKey, choice);
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}

/** The colours of the theme that is shown now. */
export function readPalette(): Palette {
  // A custom property holds its text, light-dark() and all; only a real property gives the colour that came of it.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    line: colour("--water"),
    fill: colour("--water-fill"),
    fillEnd: colour("--water-fill-end"),
    anomaly: colour("--anomaly"),
    minor: colour("--minor"),
    critical: colour("--critical"),
    surface: colour("--surface"),
    ink: colour("--ink"),
    grid: colour("--grid"),
    text: colour("--muted"),
    expected: colour("--expected"),
    usual: colour("--usual"),
    usualEdge: colour("--usual-edge"),
    focus: colour("--focus"),
  };
  probe.remove();
  return palette;
}
