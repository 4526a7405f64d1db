import { expect, test } from "vitest";
import { Roster } from "./roster.ts";

const arrival = (connection: string, atUs = 1, [clientId, deviceId] = ["press", "press"]) => ({
  connection,
  clientId,
  deviceId,
  atUs,
});

function said(roster: Roster<string>) {
  return roster.take().map(({ isOnline, sinceUs, reason }) => [isOnline, sinceUs, reason]);
}

test("a device that connects and leaves is told of twice, with the moments and the reason", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10));
  expect(said(roster)).toEqual([[true, 10, "connected"]]);
  expect(said(roster)).toEqual([]);
  roster.leave("a", "disconnected", 20);
  expect(said(roster)).toEqual([[false, 20, "disconnected"]]);
  expect(roster.size).toBe(0);
});

test("a device that flaps between two looks is told of as it stands at the look", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10));
  roster.leave("a", "lost", 11);
  roster.arrive(arrival("b", 12));
  roster.leave("b", "lost", 13);
  expect(said(roster)).toEqual([[false, 13, "lost"]]);
  roster.arrive(arrival("c", 14));
  roster.take();
  roster.leave("c", "lost", 15);
  roster.arrive(arrival("d", 16));
  expect(said(roster)).toEqual([[true, 16, "replaced"]]);
});

test("a connection in the place of another one never takes the device offline, in whichever order they are heard of", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10));
  roster.take();
  roster.arrive(arrival("b", 11));
  roster.leave("a", "lost", 12);
  expect(said(roster)).toEqual([[true, 11, "replaced"]]);
});

test("a device with two programs is there until the last one leaves", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10, ["press/main", "press"]));
  roster.arrive(arrival("b", 11, ["press/update", "press"]));
  expect(said(roster)).toEqual([[true, 10, "connected"]]);
  roster.leave("a", "disconnected", 12);
  expect(said(roster)).toEqual([]);
  roster.leave("b", "keep_alive", 13);
  expect(said(roster)).toEqual([[false, 13, "keep_alive"]]);
});

test("a device that another broker took over is left to that broker", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a"));
  roster.take();
  roster.leave("a", "replaced", 2);
  expect(said(roster)).toEqual([]);
});

test("who is said to be away and is not is told of again", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10));
  roster.take();
  roster.insist("press");
  roster.insist("nobody");
  expect(said(roster)).toEqual([[true, 10, "connected"]]);
  roster.leave("a", "lost", 11);
  roster.insist("press");
  expect(said(roster)).toEqual([[false, 11, "lost"]]);
});

test("when the broker stops all are away, and what came before is not told any more", () => {
  const roster = new Roster<string>();
  roster.arrive(arrival("a", 10));
  roster.arrive(arrival("b", 10, ["oven", "oven"]));
  expect(roster.close("broker_stopped", 20).map(({ deviceId, isOnline }) => [deviceId, isOnline])).toEqual([
    ["press", false],
    ["oven", false],
  ]);
});
