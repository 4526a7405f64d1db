import { expect, test } from "vitest";
import { Attentions } from "./attention.ts";
import { type Hearing, silencesOf, wholeDevice } from "./silence.ts";

const second = 1e6;
const nowUs = 1e15;
const always = { sinceUs: 0, untilUs: nowUs };

/** A sensor that was last heard of so many seconds ago. */
function hearing(sensorType: string, secondsAgo: number, gapSeconds: number | null = 1): Hearing {
  const gapUs = gapSeconds === null ? null : gapSeconds * second;
  return { sensorType, heardUs: nowUs - secondsAgo * second, gapUs };
}

const silent = (...device: Hearing[]) => silencesOf(device, always).map(({ sensorType }) => sensorType);

test("a sensor that stays away while others go on is silent for itself", () => {
  const device = [hearing("temperature", 45), hearing("humidity", 1)];
  expect(silencesOf(device, always)).toEqual([
    {
      sensorType: "temperature",
      dueUs: nowUs - 35 * second,
      sentence: "Nothing heard of Temperature for 45 s; it speaks every 1 s.",
    },
  ]);
});

test("a device of which nothing goes on is silent as a whole, once", () => {
  const device = [hearing("temperature", 12.1), hearing("humidity", 12), hearing("pressure", 40, 60)];
  expect(silencesOf(device, always)).toMatchObject([
    { sensorType: wholeDevice, sentence: "Nothing heard of this device for 12 s; it speaks every 1 s." },
  ]);
  expect(silent(hearing("temperature", 10_000, 60))).toEqual([wholeDevice]);
});

test("a sensor that was missing before its device fell silent stays missing", () => {
  expect(silent(hearing("temperature", 600), hearing("humidity", 20))).toEqual([wholeDevice, "temperature"]);
});

test("nobody is missed within the allowance, or while the rhythm is not known", () => {
  expect(silent(hearing("temperature", 9.9), hearing("humidity", 299, 60))).toEqual([]);
  expect(silent(hearing("temperature", 1e6, null))).toEqual([]);
});

test("only time counts in which everything was read", () => {
  const device = [hearing("temperature", 600)];
  const since = (secondsAgo: number) => ({ sinceUs: nowUs - secondsAgo * second, untilUs: nowUs });
  expect(silencesOf(device, since(9))).toEqual([]);
  expect(silencesOf(device, since(11))).toHaveLength(1);
});

test("a pause in reading, and a shard that is new, begin the time anew, with time to come back", () => {
  const attentions = new Attentions();
  expect(attentions.furthestUs()).toBeUndefined();
  const shard = attentions.begin(3);
  for (let at = 0; at <= 60; at += 1) shard.readUntil(nowUs + at * second);
  expect(attentions.of(3)).toEqual({ sinceUs: nowUs + 20 * second, untilUs: nowUs + 60 * second });
  shard.readUntil(nowUs + 90 * second);
  expect(attentions.of(3)).toEqual({ sinceUs: nowUs + 110 * second, untilUs: nowUs + 90 * second });
  shard.readUntil(nowUs);
  expect(attentions.furthestUs()).toBe(nowUs + 90 * second);
  attentions.end(3);
  expect(attentions.of(3)).toBeUndefined();
});

test("a silence is due by now at the latest, so that whoever speaks later has spoken since", () => {
  const device = [hearing("temperature", 3100, 600), hearing("door", 1700, null)];
  expect(silencesOf(device, always)).toMatchObject([{ sensorType: wholeDevice, dueUs: nowUs }]);
});

test("who falls silent one after another, and nobody is heard between, is counted together", () => {
  const attentions = new Attentions();
  const shard = attentions.begin(0);
  shard.heard(nowUs);
  expect([attentions.miss(7), attentions.miss(7)]).toEqual([7, 14]);
  shard.heard(nowUs + second);
  expect(attentions.miss(2)).toBe(2);
});
