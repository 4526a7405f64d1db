import type { AlarmAnswer, AlarmSummary } from "../../../schema/alarm.ts";
import { section } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import { Result } from "../parts/result.ts";
import { element, setAttribute, setText } from "../shell/element.ts";
import { isForPage } from "../shell/keys.ts";
import type { Command, OpenPage, Page, Place, Shell } from "../shell/page.ts";
import { AlarmActions } from "./alarm-actions.ts";
import { fetchAlarm, fetchMembers, fetchSimilar, fetchWorst } from "./alarm-api.ts";
import { renderAlarms, renderTimeline } from "./alarm-lists.ts";
import { describeRule, describeState, subjectOf } from "./alarm-words.ts";
import { Evidence } from "./evidence.ts";
import type { Judged } from "./judge-words.ts";
import { renderReasons } from "./reasons.ts";

const refreshMs = 30_000;

interface Shown extends AlarmAnswer {
  readonly similar: readonly AlarmSummary[];
  readonly among: readonly AlarmSummary[];
  readonly judged: Judged | undefined;
}

export const open: OpenPage = (place, shell) => new AlarmPage(place, shell);

/** One alarm: what it is about, why, what became of it, and what can be done. */
class AlarmPage implements Page {
  readonly title: string;
  readonly element: HTMLElement;
  readonly #shell: Shell;
  readonly #id: string;
  readonly #heading = element("h2", {}, ["Alarm"]);
  readonly #severity = element("span", { class: "severity-word" });
  readonly #state = element("span");
  readonly #result = new Result();
  readonly #actions: AlarmActions;
  readonly #desk: Desk<Shown>;
  readonly #deafen: () => void;
  readonly #evidenceHost = element("div");
  readonly #timer: number;
  #query: URLSearchParams;
  #evidence: Evidence | undefined;
  #alarm: AlarmSummary | undefined;
  #judged: { readonly score: number; readonly found: Promise<Judged | undefined> } | undefined;

  constructor({ params, query }: Place, shell: Shell) {
    this.#shell = shell;
    this.#query = query;
    this.#id = params["id"] ?? "";
    this.title = `Alarm ${this.#id}`;
    const me = shell.me();
    this.#actions = new AlarmActions({
      ownName: me?.kind === "operator" ? me.name : undefined,
      run: (work) => this.#run(work),
    });
    this.#desk = new Desk({
      load: () => this.#load(),
      show: (answer) => this.#show(answer),
      everyMs: refreshMs,
      loading: "Asking the server for the alarm …",
    });
    this.#timer = window.setInterval(() => this.#showState(), 1000);
    this.element = element("div", { class: "desk-page alarm-page" }, [
      element("p", { class: "desk-note" }, [element("a", { href: "/alarms" }, ["All alarms"])]),
      this.#heading,
      element("p", { class: "desk-note alarm-now" }, [
        element("span", { class: "severity-mark", "aria-hidden": "true" }),
        ...[" ", this.#severity, " ", this.#state],
      ]),
      this.#result.element,
      this.#desk.element,
    ]);
    this.#deafen = shell.live.listen({
      onConnect: () => this.refresh(),
      onEvent: (event) => {
        if (event.kind === "alarm" && this.#concerns(event.alarm)) this.refresh();
      },
    });
    document.addEventListener("keydown", this.#takeKey);
  }

  follow({ query }: Place): void {
    this.#query = query;
    this.#evidence?.follow(query);
  }

  refresh(): void {
    void this.#desk.refresh();
    this.#evidence?.refresh();
  }

  commands(): readonly Command[] {
    const evidence = this.#evidence;
    if (evidence === undefined) return [];
    return [{ text: "Save the charts as PNG", run: () => void evidence.savePicture() }];
  }

  repaint(): void {
    this.#evidence?.repaint();
  }

  stop(): void {
    document.removeEventListener("keydown", this.#takeKey);
    clearInterval(this.#timer);
    this.#deafen();
    this.#desk.stop();
    this.#evidence?.stop();
  }

  /** Whether an alarm is this one, or one like it. */
  #concerns({ id, deviceId, sensorType }: AlarmSummary): boolean {
    const own = this.#alarm;
    return String(id) === this.#id || (deviceId === own?.deviceId && sensorType === own.sensorType);
  }

  async #load(): Promise<Shown> {
    const answer = await fetchAlarm(this.#id);
    const { alarm } = answer;
    const [similar, among, judged] = await Promise.all([
      fetchSimilar(alarm),
      fetchMembers(alarm),
      this.#findJudged(alarm),
    ]);
    return { ...answer, similar, among, judged };
  }

  /** Asked once for each worst reading; the page is of use without it. */
  #findJudged(alarm: AlarmSummary): Promise<Judged | undefined> {
    if (this.#judged?.score !== alarm.peak.score) {
      const found = fetchWorst(alarm).catch(() => undefined);
      this.#judged = { score: alarm.peak.score, found };
    }
    return this.#judged.found;
  }

  async #run(work: () => Promise<string>): Promise<boolean> {
    const isDone = await this.#result.run(work);
    // Also when it was not done: perhaps somebody else was faster.
    await this.#desk.refresh();
    return isDone;
  }

  #show({ alarm, events, similar, among, judged }: Shown): readonly HTMLElement[] {
    this.#alarm = alarm;
    setText(this.#heading, subjectOf(alarm));
    setAttribute(this.element, "data-alarm-page", String(alarm.id));
    setAttribute(this.element, "data-state", alarm.state);
    setAttribute(this.element, "data-severity", alarm.severity);
    setText(this.#severity, alarm.severity);
    this.#showState();
    this.#actions.show(alarm);
    const isOfMany = alarm.members > 0;
    return [
      element("div", { class: "alarm-columns" }, [
        element("div", {}, [
          section("Why", [...renderReasons(alarm, judged), ...linksOf(alarm)]),
          ...(isOfMany ? [] : [section("What the sensor said", [this.#evidenceOf(alarm)])]),
          ...(isOfMany
            ? [section("Alarms in it", [renderAlarms(among, "They are not kept any more.")])]
            : []),
        ]),
        element("div", {}, [
          section("What to do", [this.#actions.element], { class: "desk-section needs-operator" }),
          section("What happened", [renderTimeline(events)]),
          ...(isOfMany
            ? []
            : [section("Alarms like it", [renderAlarms(similar, "None of this sensor for this reason.")])]),
        ]),
      ]),
    ];
  }

  /** Made once: while the alarm changes, the chart stays where somebody has zoomed to. */
  #evidenceOf(alarm: AlarmSummary): HTMLElement {
    if (this.#evidence === undefined) {
      this.#evidence = new Evidence(alarm, this.#query, this.#shell);
      this.#evidenceHost.append(this.#evidence.element);
    }
    return this.#evidenceHost;
  }

  #showState(): void {
    if (this.#alarm !== undefined) setText(this.#state, `· ${describeState(this.#alarm, Date.now())}`);
  }

  readonly #takeKey = (event: KeyboardEvent): void => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key !== "a" || !isPlain || !isForPage(event)) return;
    this.#actions.acknowledge();
  };
}

function linksOf({ deviceId, rule, group }: AlarmSummary): readonly HTMLElement[] {
  const links = [
    ...(deviceId === ""
      ? []
      : [element("a", { href: `/devices/${encodeURIComponent(deviceId)}` }, ["To the device"])]),
    ...(rule.startsWith("rule-")
      ? [element("a", { href: "/settings?part=rules" }, [`Raised by ${describeRule(rule)}`])]
      : []),
    ...(group === null
      ? []
      : [element("a", { href: `/alarms/${group}` }, ["Part of an alarm of many devices"])]),
  ];
  return links.length === 0 ? [] : [element("p", { class: "alarm-links" }, links)];
}
