import { type Role, reaches, roles } from "../../../schema/access.ts";
import { button, nothing, section } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import type { Part } from "../parts/parted-page.ts";
import { Result } from "../parts/result.ts";
import { element, setText } from "../shell/element.ts";
import type { Shell } from "../shell/page.ts";

export interface BenchOptions<Answer> {
  readonly title: string;
  /** Who may look. */
  readonly needs: Role;
  /** Whether it is about people, who are only known where one logs in. */
  readonly isOfPeople?: boolean;
  readonly about?: string;
  readonly load: () => Promise<Answer>;
  readonly show: (answer: Answer, bench: Bench) => readonly (Node | string)[];
  /** What stands below the list and stays as it is, such as a form that somebody fills in. */
  readonly forms?: (bench: Bench) => readonly (Node | string)[];
}

/** What a list of settings does its work with. */
export interface Bench {
  /** Does something, says what came of it, and shows the list as it is then; answers whether it was done. */
  run(work: () => Promise<string>): Promise<boolean>;
  /** Shows what nobody will be shown again. */
  showSecret(label: string, secret: string): void;
  refresh(): void;
}

/** A part of the settings: a list that the server keeps, and what can be done with it. */
export function openBench<Answer>(options: BenchOptions<Answer>): (shell: Shell) => Part {
  return (shell) => {
    const refusal = refusalOf(options, shell);
    if (refusal !== undefined) return { element: section(options.title, [nothing(refusal)]) };
    const result = new Result();
    const secret = new Secret();
    const bench: Bench = {
      run: async (work) => {
        secret.hide();
        const isDone = await result.run(work);
        await desk.refresh();
        return isDone;
      },
      showSecret: (label, text) => secret.show(label, text),
      refresh: () => void desk.refresh(),
    };
    const desk = new Desk({ load: options.load, show: (answer) => options.show(answer, bench) });
    const about = options.about === undefined ? [] : [element("p", { class: "desk-note" }, [options.about])];
    const forms = options.forms?.(bench) ?? [];
    return {
      element: section(options.title, [...about, result.element, secret.element, desk.element, ...forms]),
      refresh: bench.refresh,
      stop: () => {
        secret.hide();
        desk.stop();
      },
    };
  };
}

function refusalOf(
  { needs, isOfPeople = false }: Pick<BenchOptions<unknown>, "needs" | "isOfPeople">,
  shell: Shell,
): string | undefined {
  const me = shell.me();
  if (isOfPeople && me?.kind === "anyone")
    return "Nobody is asked who they are here. With ACCESS=credentials operators log in, and are managed here.";
  const own = roles.find((role) => role === me?.role);
  if (own !== undefined && !reaches(own, needs)) return `This needs the role ${needs}; yours is ${own}.`;
  return undefined;
}

/** A password or a token that is shown once. */
class Secret {
  readonly element = element("p", { class: "secret-once", hidden: "" });
  readonly #label = element("span");
  readonly #text = element("code");

  constructor() {
    const copy = button("Copy", () => {
      getSelection()?.selectAllChildren(this.#text);
      document.execCommand("copy");
    });
    this.element.append(this.#label, " ", this.#text, " ", copy);
  }

  show(label: string, text: string): void {
    setText(this.#label, label);
    setText(this.#text, text);
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    setText(this.#text, "");
  }
}
