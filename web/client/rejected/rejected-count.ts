import { find, setText } from "../shell/element.ts";
import { formatCount } from "../shell/format.ts";
import { fetchRejected } from "../shell/server-api.ts";

const refreshMs = 30_000;

/** In the head of the console: how many messages are rejected, and the way to them. Absent while there are none. */
export class RejectedCount {
  readonly #link = find("#rejected-open");
  readonly #count = find("#rejected-count");

  start(): void {
    const look = (): void => {
      // A server that is away is spoken of elsewhere.
      fetchRejected(1, "").then(
        ({ codes }) => this.show(codes),
        () => undefined,
      );
    };
    setInterval(look, refreshMs);
    document.addEventListener(changed, look);
    look();
  }

  show(codes: readonly { readonly count: number }[]): void {
    const total = codes.reduce((sum, { count }) => sum + count, 0);
    setText(this.#count, formatCount(total));
    this.#link.hidden = total === 0;
  }
}

const changed = "tidemark:rejected";

/** Says that there are more or fewer of them than a moment ago. */
export function rejectedChanged(): void {
  document.dispatchEvent(new Event(changed));
}
