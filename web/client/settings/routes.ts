import type { NotificationRoute, RoutesAnswer } from "../../../schema/notification.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, nothing } from "../parts/controls.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import type { Shell } from "../shell/page.ts";
import { type Bench, openBench } from "./bench.ts";
import { Editors } from "./editors.ts";
import { routeForm } from "./route-form.ts";
import { describeRoute, describeTest, toRouteWish } from "./route-words.ts";

/** Who is told of alarms: to add, to try, to change, to switch off, to remove. */
export function openRoutes(shell: Shell): Part {
  const editors = new Editors<NotificationRoute>({
    needs: "admin",
    form: routeForm,
    describe: describeRoute,
  });
  return openBench<RoutesAnswer>({
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
            routes.map((route) => renderRoute(route, bench, editors)),
          ),
    ],
    forms: (bench) => [
      element("details", { class: "needs-admin" }, [
        element("summary", {}, ["Add a route"]),
        routeForm(bench),
      ]),
    ],
  })(shell);
}

function renderRoute(
  route: NotificationRoute,
  bench: Bench,
  editors: Editors<NotificationRoute>,
): HTMLElement {
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
  const editor = editors.partsOf(route, bench);
  const verb = isEnabled ? "Switch off" : "Switch on";
  return element("li", { "data-route": String(id), ...(isEnabled ? {} : { class: "is-off" }) }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [name]),
      " ",
      element("small", {}, [describeRoute(route)]),
    ]),
    editor.button,
    button("Send a test", test, { ...admin, label: `Send a test to ${name}` }),
    button(verb, toggle, { ...admin, label: `${verb} ${name}` }),
    ...(channel === "webhook" ? [button("New key", renew, { ...admin, label: `New key for ${name}` })] : []),
    button("Remove", remove, { ...admin, label: `Remove ${name}` }),
    editor.place,
  ]);
}
