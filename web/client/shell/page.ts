import type { MeAnswer } from "../../../schema/operator-api.ts";
import type { Announcer } from "./announcer.ts";
import type { Connection } from "./connection.ts";
import type { Painter } from "./painter.ts";
import type { Counted, Doubt } from "./status-bar.ts";
import type { Palette } from "./theme.ts";
import type { Tooltip } from "./tooltip.ts";

/** Where the operator is: the path with the parts its route names, and the query. */
export interface Place {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** Something that can be done, by its name in the palette. */
export interface Command {
  readonly text: string;
  readonly run: () => void;
}

/** A view of the console, from its opening until it is left. */
export interface Page {
  /** Stands alone in the main part of the console while the page is open. */
  readonly element: HTMLElement;
  /** For the window's title and for screen readers. */
  readonly title: string;
  /** Another query of the same path, such as after "back". Without this the page is opened anew. */
  follow?(place: Place): void;
  /** What the palette offers while the page is open. */
  commands?(): readonly Command[];
  /** The colours have changed; what is drawn on a canvas must be drawn again. */
  repaint?(): void;
  /** Somebody wants it asked anew now. */
  refresh?(): void;
  /** Somebody leaves this browser for good: from now on the page keeps nothing in it. */
  forget?(): void;
  /** Ends every timer, listener and request of the page. */
  stop(): void;
}

export type OpenPage = (place: Place, shell: Shell) => Page;

/** What every page has around it. Questions to the server are in `server-api.ts`; who may do what is answered by `may`. */
export interface Shell {
  readonly live: Connection;
  readonly announcer: Announcer;
  readonly painter: Painter;
  readonly tooltip: Tooltip;
  /** Who sits here; undefined while the server is away. */
  me(): MeAnswer | undefined;
  palette(): Palette;
  /** Says something to screen readers at once, such as where the keyboard stands. */
  speak(text: string): void;
  /** Opens a path of the console, with a query or without. */
  go(url: string): void;
  /** Writes what is shown into the address, in the place of what stood there; undefined and empty texts are left out. */
  replaceQuery(query: Readonly<Record<string, string | undefined>>): void;
  /** Likewise, so that "back" leads to what stood there before. */
  pushQuery(query: Readonly<Record<string, string | undefined>>): void;
  /** Why what the page shows may be old or not whole, beside the connection; replaces what it said before. Of a page that was left nothing is heard. */
  doubt(page: Page, doubt: Doubt): void;
  /** The counts in the head of the console, as long as the page is open. */
  count(page: Page, counted: Counted): void;
}
