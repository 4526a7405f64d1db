import { isForPage } from "../shell/keys.ts";

interface DeviceKeysDeps {
  readonly onBack: () => void;
  readonly onPlay: () => void;
  readonly onTwin: () => void;
  /** To the charts, where the brackets go from anomaly to anomaly. */
  readonly onAnomaly: () => void;
  readonly onSensors: () => void;
  /** What is pasted anywhere on the page; whether it was taken. */
  readonly onPaste: (text: string) => boolean;
}

/** The keys of a device's page; they end with the function that this gives. */
export function startDeviceKeys(deps: DeviceKeysDeps): () => void {
  const meanings: Readonly<Record<string, () => void>> = {
    t: deps.onTwin,
    "[": deps.onAnomaly,
    "]": deps.onAnomaly,
    s: deps.onSensors,
    " ": deps.onPlay,
  };
  const takeKey = (event: KeyboardEvent): void => {
    if (!isForPage(event) || (event.key === " " && isPressing(event))) return;
    const isWithControl = event.ctrlKey || event.metaKey;
    const isBack = isWithControl && event.key === "z";
    const meaning = isBack ? deps.onBack : isWithControl || event.altKey ? undefined : meanings[event.key];
    if (meaning === undefined) return;
    event.preventDefault();
    meaning();
  };
  const takePaste = (event: ClipboardEvent): void => {
    const isElsewhere = event.target instanceof Element && event.target.closest("dialog") !== null;
    if (isElsewhere || event.defaultPrevented) return;
    if (deps.onPaste(event.clipboardData?.getData("text/plain") ?? "")) event.preventDefault();
  };
  document.addEventListener("keydown", takeKey);
  document.addEventListener("paste", takePaste);
  return () => {
    document.removeEventListener("keydown", takeKey);
    document.removeEventListener("paste", takePaste);
  };
}

/** The space bar means something else on what can be pressed. */
function isPressing({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest("button, a, input, summary, [role=region]") !== null;
}
