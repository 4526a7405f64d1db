import type { NotificationRoute, RouteBody } from "../../../schema/notification.ts";
import { api, demand } from "../api/asking.ts";
import { choice, field, form, submit, textInput, tick } from "../parts/controls.ts";
import { element } from "../shell/element.ts";
import { zoneName } from "../shell/zone.ts";
import type { Bench } from "./bench.ts";
import type { Edited } from "./editors.ts";
import { HoursField } from "./hours-field.ts";
import { changeNames, labelsOfText, textOfLabels } from "./route-words.ts";

type Shown = Omit<NotificationRoute, "id" | "version" | "createdUs">;

/** What a new route is before anything is typed. */
const empty: Shown = {
  ...{ name: "", channel: "webhook", url: null, topic: null, to: [], isEnabled: true, severity: "minor" },
  ...{ changes: ["raised", "worsened", "cleared"], device: null, labels: {}, sensorType: null },
  ...{ timeZone: zoneName("local"), hours: null, digest: { after: 5, withinSeconds: 600 } },
};

/** A form for a new route, or for one that is to be another; a route keeps its channel. */
export function routeForm(bench: Bench, edited?: Edited<NotificationRoute>): HTMLElement {
  const inputs = inputsOf(edited?.item ?? empty, edited !== undefined);
  const made = form(
    [...inputs.elements, submit(edited === undefined ? "Add" : "Save")],
    () =>
      void bench.run(async () => {
        const wish = inputs.read();
        if (edited !== undefined) {
          const { id, version, isEnabled } = edited.current();
          const body = { ...wish, isEnabled, version };
          await demand(() => api.PUT("/api/v1/notification-routes/{id}", { params: { path: { id } }, body }));
          edited.onSaved();
          return `${wish.name} is changed.`;
        }
        const { route, secret } = await demand(() => api.POST("/api/v1/notification-routes", { body: wish }));
        made.reset();
        inputs.follow();
        if (secret === null) return `${route.name} is told from now on.`;
        bench.showSecret(`Key of ${route.name}:`, secret);
        return "Shown this once: what it gets is signed with it.";
      }),
  );
  return made;
}

/** What is asked for in a form, and where it leads to. */
function inputsOf(shown: Shown, isKnown: boolean) {
  const channels = isKnown ? [shown.channel] : (["webhook", "email", "mqtt"] as const);
  const name = textInput({ required: "", maxlength: "64", name: "route", value: shown.name });
  const channel = choice(channels, { name: "channel" });
  const place = isKnown ? `${shown.url ?? ""}… stays as it is` : "https://…";
  const url = textInput({ placeholder: place, name: "url" });
  const to = textInput({ placeholder: "ops@example.org", name: "to", value: shown.to.join(", ") });
  const topicHint = "notifications/{severity}/{device}";
  const topic = textInput({ placeholder: topicHint, name: "topic", value: shown.topic ?? "" });
  const filter = filterInputs(shown);
  const digest = digestInputs(shown);
  const ends = { webhook: field("Address", url), email: field("To", to), mqtt: field("Topic", topic) };
  const follow = (): void => {
    for (const [of, label] of Object.entries(ends)) label.hidden = of !== channel.value;
    url.required = channel.value === "webhook" && !isKnown;
    to.required = channel.value === "email";
    digest.hours.follow();
  };
  channel.addEventListener("change", follow);
  follow();
  const read = (): Omit<RouteBody, "version"> => {
    // The options of the list are these three.
    const kind = channel.value as Shown["channel"];
    const ending = {
      webhook: url.value.trim() === "" ? {} : { url: url.value.trim() },
      email: { to: to.value.split(/[\s,]+/).filter((one) => one !== "") },
      mqtt: { topic: orNull(topic) },
    };
    return { name: name.value.trim(), channel: kind, ...filter.read(), ...digest.read(), ...ending[kind] };
  };
  const elements = [field("Name", name), field("Channel", channel), ...Object.values(ends)];
  return { elements: [...elements, ...filter.elements, ...digest.elements], follow, read };
}

/** Of which alarms somebody is told. */
function filterInputs({ severity, device, sensorType, labels, changes }: Shown) {
  const severities = choice(["minor", "major", "critical"], { name: "severity" });
  for (const option of severities.options) option.defaultSelected = option.value === severity;
  const devices = textInput({ placeholder: "all; or an id with *", name: "device", value: device ?? "" });
  const sensor = textInput({ placeholder: "all", name: "sensor", value: sensorType ?? "" });
  const tags = textInput({
    placeholder: "any; or hall=2, line=a",
    name: "labels",
    value: textOfLabels(labels),
  });
  const ticks = changeNames.map((change) => {
    const input = element("input", { name: change, ...(changes.includes(change) ? { checked: "" } : {}) });
    return [change, input] as const;
  });
  const told = element("fieldset", { class: "field is-wide" }, [
    element("legend", {}, ["When it is"]),
    element(
      "div",
      { class: "hours-days" },
      ticks.map(([change, input]) => tick(change, input)),
    ),
  ]);
  const fields = [field("At least", severities), field("Device", devices), field("Sensor type", sensor)];
  const read = () => {
    const chosen = ticks.filter(([, { checked }]) => checked).map(([change]) => change);
    if (chosen.length === 0) throw new Error("Choose at least one change to tell of.");
    return {
      // The options of the list are these three.
      severity: severities.value as Shown["severity"],
      ...{
        device: orNull(devices),
        sensorType: orNull(sensor),
        labels: labelsOfText(tags.value),
        changes: chosen,
      },
    };
  };
  return { elements: [...fields, field("Labels", tags), told], read };
}

/** When somebody is told, and how much of it one by one. */
function digestInputs({ digest, hours: shown, timeZone }: Shown) {
  const after = element("input", { type: "number", min: "1", max: "1000", value: String(digest.after) });
  const seconds = String(digest.withinSeconds);
  const within = element("input", { type: "number", min: "10", max: "86400", value: seconds });
  const zone = textInput({ name: "zone", required: "", value: timeZone });
  const outside = choice(
    [
      ["hold", "are kept until then"],
      ["drop", "are not told"],
    ],
    { name: "outside" },
  );
  for (const option of outside.options) option.defaultSelected = option.value === (shown?.outside ?? "hold");
  const hours = new HoursField("Only in certain hours", shown, [field("Others", outside)]);
  const fields = [field("One by one, at most", after), field("within, s", within), field("Time zone", zone)];
  const read = () => {
    const week = hours.read();
    return {
      digest: { after: Number(after.value), withinSeconds: Number(within.value) },
      timeZone: zone.value.trim(),
      hours: week && { ...week, outside: outside.value === "drop" ? ("drop" as const) : ("hold" as const) },
    };
  };
  return { elements: [...fields, hours.element], hours, read };
}

function orNull({ value }: HTMLInputElement): string | null {
  return value.trim() === "" ? null : value.trim();
}
