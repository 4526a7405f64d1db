import { expect, test } from "vitest";
import type { NotificationRoute } from "../../../schema/notification.ts";
import { describeRoute, describeTest, labelsOfText, textOfLabels, toRouteWish } from "./route-words.ts";

const route: NotificationRoute = {
  ...{ id: 3, version: 2, name: "pager", channel: "webhook", topic: null, to: [], isEnabled: true },
  ...{ severity: "major", changes: ["raised", "cleared"], device: null, labels: {}, sensorType: null },
  ...{ timeZone: "UTC", hours: null, digest: { after: 5, withinSeconds: 600 } },
  ...{ url: "https://pager.example", createdUs: 0 },
};

test("says who is told, and of what", () => {
  expect(describeRoute(route)).toBe("webhook https://pager.example; major and above; when raised, cleared");
  const narrow = { ...route, channel: "email" as const, to: ["a@b.c", "d@e.f"], device: "oven-*" };
  expect(describeRoute(narrow)).toContain("email a@b.c, d@e.f; major and above");
  expect(describeRoute(narrow)).toContain("of oven-*");
});

test("says how a test went", () => {
  expect(describeTest("pager", { outcome: "sent", reason: null, tookMs: 120 })).toMatch(
    /was taken after 120/,
  );
  expect(describeTest("pager", { outcome: "failed", reason: "it answered 500", tookMs: 9 })).toBe(
    "The test to pager failed: it answered 500.",
  );
  expect(describeTest("pager", { outcome: "waiting", reason: null, tookMs: 9 })).toMatch(/No processor/);
});

test("sends a route back without what only the server says, and without the part of its address that is shown", () => {
  expect(Object.keys(toRouteWish(route))).not.toEqual(expect.arrayContaining(["url"]));
  expect(toRouteWish(route)).toMatchObject({ name: "pager", version: 2, digest: route.digest });
});

test("labels are typed as they are shown", () => {
  expect(labelsOfText(" hall=2,line = a=b ,")).toEqual({ hall: "2", line: "a=b" });
  expect(labelsOfText(textOfLabels({ hall: "2", line: "a" }))).toEqual({ hall: "2", line: "a" });
  expect(() => labelsOfText("hall")).toThrow("“hall” is no label; write it as name=text.");
});
