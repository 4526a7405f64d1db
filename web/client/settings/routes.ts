import type { NotificationRoute, RoutesAnswer } from "../../../schema/notification.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, choice, field, form, nothing, submit, textInput } from "../parts/controls.ts";
import { oneOf } from "../parts/one-of.ts";
import { element } from "../shell/element.ts";
import { type Bench, openBench } from "./bench.ts";
import { describeRoute, describeTest, toRouteWish } from "./route-words.ts";

const channels = ["webhook", "email", "mqtt"] as const;
const severities = ["minor", "major", "critical"] as const;

/** Who is told of alarms: to add, to try, to switch off, to remove. */
export const openRoutes = openBench<RoutesAnswer>({
  title: "Notification routes",
  needs: "operator",
  about: "Who is told of alarms, how, and of which. What could not be told is listed under Ops.",
  load: () => ask(() => api.GET("/api/v1/notification-routes")),
  show: ({ routes }, bench) => [
    routes.length === 0
      ? nothing("Nobody is told of alarms outside this console.")
      : element(
          "ul",
          { class: "desk-list" },
          routes.map((route) => renderRoute(route, bench)),
        ),
  ],
  forms: (bench) => [
    element("details", { class: "needs-admin" }, [element("summary", {}, ["Add a route"]), routeForm(bench)]),
  ],
});

function renderRoute(route: NotificationRoute, bench: Bench): HTMLElement {
  const { id, name, isEnabled, version, channel } = route;
  const path = { id };
  const test = () =>
    void bench.run(async () => {
      const answer = await demand(() =>
        api.POST("/api/v1/notification-routes/{id}/test", { params: { path } }),
      );
      return describeTest(name, answer);
    });
  const toggle = () =>
    void bench.run(async () => {
      const body = { ...toRouteWish(route), version, isEnabled: !isEnabled };
      await demand(() => api.PUT("/api/v1/notification-routes/{id}", { params: { path }, body }));
      return isEnabled ? `${name} is off.` : `${name} is on.`;
    });
  const renew = () => {
    if (!confirm(`Sign what ${name} gets with another key? The one it has is refused at once.`)) return;
    void bench.run(async () => {
      const wish = { params: { path }, body: { version } };
      const { secret } = await demand(() => api.POST("/api/v1/notification-routes/{id}/secret", wish));
      bench.showSecret(`Key of ${name}:`, secret ?? "");
      return "Shown this once: keep it now.";
    });
  };
  const remove = () => {
    if (!confirm(`Remove ${name}, with everything that was or is to be told on it?`)) return;
    void bench.run(async () => {
      const params = { path, query: { version } };
      await demand(() => api.DELETE("/api/v1/notification-routes/{id}", { params }));
      return `${name} is removed.`;
    });
  };
  const admin = { needs: "admin" } as const;
  const verb = isEnabled ? "Switch off" : "Switch on";
  return element("li", { "data-route": String(id), ...(isEnabled ? {} : { class: "is-off" }) }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [name]),
      " ",
      element("small", {}, [describeRoute(route)]),
    ]),
    button("Send a test", test, { ...admin, label: `Send a test to ${name}` }),
    button(verb, toggle, { ...admin, label: `${verb} ${name}` }),
    ...(channel === "webhook" ? [button("New key", renew, { ...admin, label: `New key for ${name}` })] : []),
    button("Remove", remove, { ...admin, label: `Remove ${name}` }),
  ]);
}

function routeForm(bench: Bench): HTMLElement {
  const name = textInput({ required: "", maxlength: "64", name: "route" });
  const channel = choice(channels, { name: "channel" });
  const url = textInput({ placeholder: "https://…", name: "url" });
  const to = textInput({ placeholder: "ops@example.org", name: "to" });
  const topic = textInput({ placeholder: "notifications/{severity}/{device}", name: "topic" });
  const severity = choice(severities, { name: "severity" });
  const device = textInput({ placeholder: "all; or an id with *", name: "device" });
  const sensorType = textInput({ placeholder: "all", name: "sensor" });
  const ends = {
    webhook: field("Address", url),
    email: field("To", to),
    mqtt: field("Topic", topic),
  };
  const follow = (): void => {
    for (const [of, label] of Object.entries(ends)) label.hidden = of !== channel.value;
    url.required = channel.value === "webhook";
    to.required = channel.value === "email";
  };
  channel.addEventListener("change", follow);
  follow();
  const others = [field("At least", severity), field("Device", device), field("Sensor type", sensorType)];
  const fields = [field("Name", name), field("Channel", channel), ...Object.values(ends), ...others];
  const text = (input: HTMLInputElement) => (input.value.trim() === "" ? null : input.value.trim());
  const add = form(
    [...fields, submit("Add")],
    () =>
      void bench.run(async () => {
        const ending = {
          webhook: { url: url.value.trim() },
          email: { to: to.value.split(/[\s,]+/).filter((one) => one !== "") },
          mqtt: { topic: text(topic) },
        };
        const body = {
          name: name.value.trim(),
          ...{ channel: oneOf(channels, channel.value), severity: oneOf(severities, severity.value) },
          ...{ device: text(device), sensorType: text(sensorType) },
          ...ending[oneOf(channels, channel.value)],
        };
        const { route, secret } = await demand(() => api.POST("/api/v1/notification-routes", { body }));
        add.reset();
        follow();
        if (secret !== null) bench.showSecret(`Key of ${route.name}:`, secret);
        return secret === null
          ? `${route.name} is told from now on.`
          : "Shown this once: what it gets is signed with it.";
      }),
  );
  return add;
}
