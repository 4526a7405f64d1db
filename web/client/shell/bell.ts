import type { Connection } from "./connection.ts";
import { tonesFor, waitMs } from "./ringing.ts";
import { isSwitchedOn } from "./switches.ts";

/** Quiet: a twentieth of what there is. */
const loudness = 0.05;
const toneSeconds = 0.18;
const frequencies = [660, 880];
/** A browser that forbids sound until somebody clicks would play it then, when nobody knows what it is about. */
const lateMs = 1000;
const mostHeard = 1000;

/** Says with a tone that an alarm was raised, where somebody has switched that on. Of many at a time the worst rings, once. */
export class Bell {
  #context: AudioContext | undefined;
  #connectedMs = Number.NEGATIVE_INFINITY;
  #rangMs = Number.NEGATIVE_INFINITY;
  /** Alarms that were heard: what happens to one may be said again. */
  readonly #heard = new Set<number>();
  #waiting = 0;
  #timer: number | undefined;

  start(live: Connection): void {
    // Some browsers allow sound only to who asks for it while something is pressed.
    for (const gesture of ["pointerdown", "keydown"])
      document.addEventListener(gesture, () => isSwitchedOn("sound") && void this.#wake(), { once: true });
    live.listen({
      onConnect: () => {
        this.#connectedMs = Date.now();
      },
      onEvent: (event) => {
        if (event.kind !== "alarm" || !isSwitchedOn("sound") || this.#heard.has(event.alarm.id)) return;
        const tones = tonesFor(event, { nowMs: Date.now(), connectedMs: this.#connectedMs });
        if (tones === 0) return;
        if (this.#heard.size >= mostHeard) this.#heard.clear();
        this.#heard.add(event.alarm.id);
        this.#ringSoon(tones);
      },
    });
  }

  /** As it sounds, for who has just switched it on. */
  sample(): void {
    this.#ring(1);
  }

  #ringSoon(tones: number): void {
    this.#waiting = Math.max(this.#waiting, tones);
    this.#timer ??= window.setTimeout(
      () => {
        this.#timer = undefined;
        if (isSwitchedOn("sound")) this.#ring(this.#waiting);
        this.#waiting = 0;
      },
      waitMs(this.#rangMs, Date.now()),
    );
  }

  #ring(tones: number): void {
    const askedMs = Date.now();
    this.#rangMs = askedMs;
    void this.#wake().then((context) => {
      if (context !== undefined && Date.now() - askedMs < lateMs) play(context, tones);
    });
  }

  /** Undefined where there is no sound to be had. */
  async #wake(): Promise<AudioContext | undefined> {
    try {
      this.#context ??= new AudioContext();
      await this.#context.resume();
      return this.#context;
    } catch {
      // A console that cannot ring is one all the same.
      return undefined;
    }
  }
}

function play(context: AudioContext, tones: number): void {
  for (const [at, frequency] of frequencies.slice(0, tones).entries()) {
    const startS = context.currentTime + at * toneSeconds * 1.2;
    const oscillator = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    // A tone that begins or ends at once clicks.
    gain.gain.setValueAtTime(0, startS);
    gain.gain.linearRampToValueAtTime(loudness, startS + 0.02);
    gain.gain.linearRampToValueAtTime(0, startS + toneSeconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(startS);
    oscillator.stop(startS + toneSeconds);
  }
}
