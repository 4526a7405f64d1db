import { setTimeout as pause } from "node:timers/promises";
import { until } from "../harness/local-servers.ts";
import { type Program, startProgram } from "../harness/program.ts";

/** An end of a program that nobody asked for. */
export interface Ending {
  readonly name: string;
  readonly exitCode: number | null;
  readonly wasReady: boolean;
  readonly lastWords: string;
}

export interface SupervisedOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

const restMs = 300;

/** A program as a supervisor keeps it: one that ends by itself is started again, and its end is remembered. */
export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #runs: Program[] = [];
  readonly #endings: Ending[] = [];
  #isWanted = false;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get endings(): readonly Ending[] {
    return this.#endings;
  }

  get pid(): number {
    return this.#current.child.pid ?? Number.NaN;
  }

  /** What every run of it wrote, oldest first. */
  get output(): string {
    return this.#runs.map((run) => run.output()).join("\n----\n");
  }

  /** Starts it and waits until a run of it is ready. */
  async start(): Promise<void> {
    this.#isWanted = true;
    this.#launch();
    await until(`${this.#options.name} is ready`, () => isReady(this.#current), { withinMs: 60_000 });
  }

  /** Ends it; answers with the exit code. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.#isWanted = false;
    await this.#current.kill(signal);
    return this.#current.exit();
  }

  get #current(): Program {
    const current = this.#runs.at(-1);
    if (current === undefined) throw new Error(`${this.#options.name} was not started`);
    return current;
  }

  #launch(): void {
    const run = startProgram(this.#options.args, this.#options.settings);
    this.#runs.push(run);
    void this.#watch(run);
  }

  async #watch(run: Program): Promise<void> {
    const exitCode = await run.exit();
    if (!this.#isWanted || run !== this.#current) return;
    // What it wrote last may come after its end.
    await pause(restMs);
    // Why it goes stands on another stream than its log, and may be followed by what its connections complain of.
    const lastWords = run.output().trimEnd().split("\n").slice(-12).join("\n");
    this.#endings.push({ name: this.#options.name, exitCode, wasReady: isReady(run), lastWords });
    if (this.#isWanted && run === this.#current) this.#launch();
  }
}

function isReady(run: Program): boolean {
  return run.output().includes('"msg":"ready"');
}
