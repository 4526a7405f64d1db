import type { NotificationSummary } from "../../../schema/notification.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, nothing, section } from "../parts/controls.ts";
import { Desk } from "../parts/desk.ts";
import type { Part } from "../parts/parted-page.ts";
import { Result } from "../parts/result.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import { may } from "../shell/signing.ts";

const shown = 100;
const lookEveryMs = 10_000;

/** Notifications that were given up, to be tried again or discarded, and those that wait. */
export function openNotifications(): Part {
  if (!may("operator")) {
    return { element: section("Notifications", [nothing("These are for operators: your role is viewer.")]) };
  }
  const result = new Result();
  const list = async (state: "dead" | "waiting") =>
    (await ask(() => api.GET("/api/v1/notifications", { params: { query: { state, limit: shown } } })))
      .notifications;
  const desk = new Desk({
    load: async () => {
      const [dead, waiting, { routes }] = await Promise.all([
        list("dead"),
        list("waiting"),
        ask(() => api.GET("/api/v1/notification-routes")),
      ]);
      return { dead, waiting, routes };
    },
    show: ({ dead, waiting, routes }) => {
      const names = new Map(routes.map(({ id, name }) => [id, name]));
      const rowsOf = (notifications: readonly NotificationSummary[]) =>
        element(
          "ul",
          { class: "desk-list" },
          notifications.map((one) =>
            renderRow(one, names.get(one.routeId) ?? `route ${one.routeId}`, decide),
          ),
        );
      return [
        section("Given up", [dead.length === 0 ? nothing("None: everybody was told.") : rowsOf(dead)]),
        section("Waiting", [waiting.length === 0 ? nothing("None waits.") : rowsOf(waiting)]),
      ];
    },
    everyMs: lookEveryMs,
  });
  const decide: Decide = async ({ id, subject }, verb) => {
    await result.run(async () => {
      const params = { path: { id } };
      await demand(() => api.POST(`/api/v1/notifications/{id}/${verb}`, { params }));
      return verb === "retry" ? `“${subject}” is being sent again.` : `“${subject}” is discarded.`;
    });
    await desk.refresh();
  };
  return {
    element: element("div", {}, [result.element, desk.element]),
    refresh: () => void desk.refresh(),
    stop: () => desk.stop(),
  };
}

type Decide = (notification: NotificationSummary, verb: "retry" | "discard") => Promise<void>;

function renderRow(one: NotificationSummary, route: string, decide: Decide): HTMLElement {
  const { id, subject, lastError, attempts, queuedUs, dueUs, state } = one;
  const when =
    state === "waiting" ? `due ${formatMoment(dueUs / 1000)}` : `queued ${formatMoment(queuedUs / 1000)}`;
  const tried = attempts === 0 ? "not tried yet" : `tried ${attempts}×`;
  return element("li", { "data-notification": id }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [subject]),
      " ",
      element("small", {}, [`${route}, ${when}, ${tried}`]),
      ...(lastError === null ? [] : [element("p", { class: "desk-note" }, [lastError])]),
    ]),
    button("Try again", () => void decide(one, "retry"), { label: `Try again: ${subject}` }),
    button("Discard", () => void decide(one, "discard"), { label: `Discard: ${subject}` }),
  ]);
}
