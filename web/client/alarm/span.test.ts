import { expect, test } from "vitest";
import { between, queryOfSpan, spanOfAlarm, spanOfQuery, stretched } from "./span.ts";

const minute = 60_000;
const at = (minutes: number) => minutes * minute;

test("an alarm is shown with a quarter of an hour around it, or with as much as it lasted", () => {
  const short = { raisedUs: at(100) * 1000, lastUs: at(101) * 1000 };
  expect(spanOfAlarm(short, at(1000))).toEqual({ fromMs: at(85), toMs: at(116) });
  const long = { raisedUs: at(100) * 1000, lastUs: at(160) * 1000 };
  expect(spanOfAlarm(long, at(1000))).toEqual({ fromMs: at(40), toMs: at(220) });
});

test("nothing is shown of the future, but always the whole alarm", () => {
  const alarm = { raisedUs: at(100) * 1000, lastUs: at(101) * 1000 };
  expect(spanOfAlarm(alarm, at(103)).toMs).toBe(at(103));
  expect(spanOfAlarm(alarm, at(90)).toMs).toBe(at(101));
});

test("what an address says is what was written into it; nonsense is nothing", () => {
  const span = { fromMs: at(1), toMs: at(7) };
  expect(spanOfQuery(new URLSearchParams(queryOfSpan(span)))).toEqual(span);
  expect(spanOfQuery(new URLSearchParams())).toBeUndefined();
  expect(spanOfQuery(new URLSearchParams({ from: "yesterday", to: "now" }))).toBeUndefined();
  const turned = queryOfSpan({ fromMs: at(7), toMs: at(1) });
  expect(spanOfQuery(new URLSearchParams(turned))).toBeUndefined();
});

test("a span grows and shrinks around what matters, or around its middle, and never to nothing", () => {
  const span = { fromMs: at(10), toMs: at(20) };
  expect(stretched(span, 2, at(1))).toEqual({ fromMs: at(5), toMs: at(25) });
  expect(stretched(span, 0.5, at(1))).toEqual({ fromMs: at(12.5), toMs: at(17.5) });
  expect(stretched(span, 0.5, at(18))).toEqual({ fromMs: at(14), toMs: at(19) });
  expect(stretched(span, 2, at(20))).toEqual({ fromMs: at(0), toMs: at(20) });
  expect(stretched({ fromMs: 0, toMs: 10_000 }, 0.01, 0)).toEqual({ fromMs: 0, toMs: 10_000 });
});

test("a drag in either direction is the same span, and a click is none", () => {
  expect(between(at(3), at(1))).toEqual({ fromMs: at(1), toMs: at(3) });
  expect(between(at(3), at(3) + 500)).toBeUndefined();
});
