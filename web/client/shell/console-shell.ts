import type { MeAnswer } from "../../../schema/operator-api.ts";
import { Announcer } from "./announcer.ts";
import { Connection } from "./connection.ts";
import { startConsoleKeys } from "./console-keys.ts";
import { element, find, setText } from "./element.ts";
import { renderMissing, renderUnloadable } from "./no-page.ts";
import type { Page, Place, Shell } from "./page.ts";
import { Painter } from "./painter.ts";
import { matchRoute, type Route, withQuery } from "./router.ts";
import { checkSession } from "./server-api.ts";
import { onSignedIn } from "./signing.ts";
import { type Counted, type Doubt, StatusBar } from "./status-bar.ts";
import { type Palette, readPalette } from "./theme.ts";
import { Tooltip } from "./tooltip.ts";

/** What stays while pages come and go: the head of the console, the connection, and the address. */
export class ConsoleShell implements Shell {
  readonly announcer = new Announcer(find("#announcer"));
  readonly painter = new Painter();
  readonly tooltip = new Tooltip();
  readonly live = new Connection({ onRefused: checkSession });
  readonly #status = new StatusBar();
  readonly #host = find("#page");
  readonly #routes: readonly Route[];
  readonly #links = new Map<Route, HTMLAnchorElement>();
  #palette = readPalette();
  #me: MeAnswer | undefined;
  #route: Route | undefined;
  #page: Page | undefined;
  #path = "";
  /** Grows with every place, so that a page that took long to load does not come over a later one. */
  #visits = 0;
  #doubt: Doubt = {};

  constructor(routes: readonly Route[], me: MeAnswer | undefined) {
    this.#routes = routes;
    this.#me = me;
  }

  start(): void {
    this.#showNavigation();
    startConsoleKeys({
      routes: this.#routes,
      go: (url) => this.go(url),
      commands: () => this.#page?.commands?.() ?? [],
      onFailure: () => this.announcer.say("This could not be loaded. Reload the console."),
    });
    onSignedIn((me) => {
      this.#me = me;
      this.retry();
    });
    this.live.listen({
      onConnect: () => {
        this.announcer.say("Connected.");
        this.#showStatus();
      },
      onDisconnect: () => {
        checkSession();
        this.#showStatus();
        this.announcer.say("Connection lost. Values are stale.");
      },
    });
    find("#banner-retry").addEventListener("click", () => this.retry());
    addEventListener("online", () => this.live.retry());
    addEventListener("offline", () => this.#showStatus());
    addEventListener("popstate", () => void this.#visit(false));
    document.addEventListener("click", (event) => this.#takeClick(event));
    setInterval(() => this.#showStatus(), 1000);
    this.#showStatus();
    void this.#visit(false);
  }

  me(): MeAnswer | undefined {
    return this.#me;
  }

  palette(): Palette {
    return this.#palette;
  }

  speak(text: string): void {
    setText(find("#spoken"), text);
  }

  go(url: string): void {
    history.pushState(null, "", url);
    void this.#visit(true);
  }

  replaceQuery(query: Readonly<Record<string, string | undefined>>): void {
    history.replaceState(null, "", withQuery(location.pathname, query));
  }

  pushQuery(query: Readonly<Record<string, string | undefined>>): void {
    history.pushState(null, "", withQuery(location.pathname, query));
  }

  doubt(page: Page, doubt: Doubt): void {
    if (this.#isLeft(page)) return;
    this.#doubt = doubt;
    this.#showStatus();
  }

  count(page: Page, counted: Counted): void {
    if (!this.#isLeft(page)) this.#status.count(counted);
  }

  /** Tries to connect at once, and lets the page ask anew. */
  retry(): void {
    this.live.retry();
    this.#page?.refresh?.();
  }

  /** In the colours of the theme that is shown now. */
  repaint(): void {
    this.#palette = readPalette();
    this.#page?.repaint?.();
  }

  /** Leaves nothing in the browser of what the page shows. */
  forget(): void {
    this.#page?.forget?.();
  }

  /** Opens what the address names. `isMove`: somebody went there within the console, so the focus goes along. */
  async #visit(isMove: boolean): Promise<void> {
    this.#visits += 1;
    const visit = this.#visits;
    const found = matchRoute(this.#routes, new URL(location.href));
    if (found === undefined) {
      this.#show(undefined, { element: renderMissing(location.pathname), title: "No such page", stop() {} });
      return;
    }
    const { route, place } = found;
    if (route === this.#route && place.path === this.#path && this.#page?.follow !== undefined) {
      this.#page.follow(place);
      return;
    }
    const opened = await this.#load(route, place, visit);
    if (opened === undefined) return;
    this.#show(route, opened);
    if (!isMove) return;
    scrollTo(0, 0);
    this.#host.focus({ preventScroll: true });
    this.announcer.say(opened.title);
  }

  /** Undefined when somebody has gone elsewhere meanwhile. */
  async #load(route: Route, place: Place, visit: number): Promise<Page | undefined> {
    try {
      const { open } = await route.load();
      if (visit !== this.#visits) return undefined;
      this.#leave();
      this.#path = place.path;
      return open(place, this);
    } catch {
      // After an update the files of the version that is open are gone; the address leads to those of the new one.
      return visit === this.#visits
        ? { element: renderUnloadable(), title: "Not loaded", stop() {} }
        : undefined;
    }
  }

  #show(route: Route | undefined, page: Page): void {
    if (this.#page !== undefined) this.#leave();
    this.#route = route;
    this.#page = page;
    this.#host.replaceChildren(page.element);
    for (const [linked, link] of this.#links) {
      if (linked === route) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#status.title(page.title);
  }

  #leave(): void {
    this.#page?.stop();
    this.#page = undefined;
    this.#route = undefined;
    this.live.watch([]);
    this.#doubt = {};
    this.#showStatus();
    // Nobody would keep them up to date.
    this.#status.countNothing();
  }

  /** An answer may come after its page was left. One that is being opened is not known here yet. */
  #isLeft(page: Page): boolean {
    return this.#page !== undefined && this.#page !== page;
  }

  #showNavigation(): void {
    for (const route of this.#routes) {
      if (route.label !== undefined)
        this.#links.set(route, element("a", { href: route.pattern }, [route.label]));
    }
    find("#navigation").replaceChildren(...this.#links.values());
  }

  /** Links that lead to a page of the console open it without loading everything again. */
  #takeClick(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link === null || !isPlain || event.defaultPrevented) return;
    if (link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.hash !== "" || matchRoute(this.#routes, link) === undefined) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #showStatus(nowMs = Date.now()): void {
    this.#status.show(this.live.state(nowMs), this.#doubt, nowMs);
  }
}
