import { isTyping } from "../shell/keys.ts";

interface DeviceKeysDeps {
  readonly onBack: () => void;
  readonly onPlay: () => void;
  readonly onTwin: () => void;
  /** To the charts, where the brackets go from anomaly to anomaly. */
  readonly onAnomaly: () => void;
}

/** The keys of a device's page; they end with the function that this gives. */
export function startDeviceKeys(deps: DeviceKeysDeps): () => void {
  const meanings: Readonly<Record<string, () => void>> = {
    t: deps.onTwin,
    "[": deps.onAnomaly,
    "]": deps.onAnomaly,
    " ": deps.onPlay,
  };
  const takeKey = (event: KeyboardEvent): void => {
    if (isTyping(event) || (event.key === " " && isPressing(event))) return;
    const isWithControl = event.ctrlKey || event.metaKey;
    const isBack = isWithControl && event.key === "z";
    const meaning = isBack ? deps.onBack : isWithControl || event.altKey ? undefined : meanings[event.key];
    if (meaning === undefined) return;
    event.preventDefault();
    meaning();
  };
  document.addEventListener("keydown", takeKey);
  return () => document.removeEventListener("keydown", takeKey);
}

/** The space bar means something else on what can be pressed. */
function isPressing({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest("button, a, input, summary, [role=region]") !== null;
}
