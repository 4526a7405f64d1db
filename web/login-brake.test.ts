import { expect, test } from "vitest";
import { LoginBrake } from "./login-brake.ts";

const right = () => Promise.resolve(true);
const wrong = () => Promise.resolve(false);

/** Tries at a moment; answers with "right", "wrong" or the seconds to wait. */
function triesOf(brake: LoginBrake) {
  return async (seconds: number, ...who: [name: string, address: string, check?: typeof wrong]) => {
    const [name, address, check = wrong] = who;
    const outcome = await brake.attempt({ name, address, nowMs: seconds * 1000 }, check);
    return outcome.kind === "waits" ? Math.ceil(outcome.ms / 1000) : outcome.kind;
  };
}

test("an address that guesses waits twice as long each time, whatever names it tries", async () => {
  const attempt = triesOf(new LoginBrake());
  for (const name of ["a", "b", "c", "d", "e"]) expect(await attempt(0, name, "203.0.113.5")).toBe("wrong");
  expect(await attempt(0, "f", "203.0.113.5", right)).toBe(1);
  expect(await attempt(1, "f", "203.0.113.5")).toBe("wrong");
  expect(await attempt(1, "f", "203.0.113.5", right)).toBe(2);
  expect(await attempt(3, "f", "203.0.113.5")).toBe("wrong");
  expect(await attempt(3, "f", "203.0.113.5", right)).toBe(4);
  expect(await attempt(3, "f", "203.0.113.6", right)).toBe("right");
});

test("to wait costs nothing, and the wait has an end", async () => {
  const attempt = triesOf(new LoginBrake());
  let seconds = 0;
  for (let round = 0; round < 30; round += 1) {
    const answer = await attempt(seconds, "ada", "203.0.113.5");
    if (typeof answer === "number") seconds += answer;
  }
  expect(await attempt(seconds, "ada", "203.0.113.5")).toSatisfy(
    (answer) => answer === "wrong" || Number(answer) <= 900,
  );
  expect(await attempt(seconds + 900, "ada", "203.0.113.5", right)).toBe("right");
});

test("a name that is guessed at from everywhere waits half a minute, and not where its owner is known", async () => {
  const attempt = triesOf(new LoginBrake());
  expect(await attempt(0, "ada", "198.51.100.1", right)).toBe("right");
  let seconds = 0;
  for (let place = 0; place < 40; place += 1) {
    const answer = await attempt(seconds, "ada", `203.0.113.${place}`);
    if (typeof answer === "number") seconds += answer;
  }
  expect(seconds).toBeGreaterThan(60);
  await attempt(seconds, "ada", "203.0.113.77");
  const wait = await attempt(seconds, "ada", "203.0.113.78", right);
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(30);
  expect(await attempt(seconds, "ada", "198.51.100.1", right)).toBe("right");
  expect(await attempt(seconds, "ben", "203.0.113.78", right)).toBe("right");
});

test("one right password does not buy guesses at others", async () => {
  const attempt = triesOf(new LoginBrake());
  for (let round = 0; round < 5; round += 1) {
    expect(await attempt(0, "eve", "203.0.113.5", right)).toBe("right");
    expect(await attempt(0, "ada", "203.0.113.5")).toBe("wrong");
  }
  expect(await attempt(0, "eve", "203.0.113.5", right)).toBe(1);
});

test("a hundred at once are not a hundred free guesses", async () => {
  const attempt = triesOf(new LoginBrake());
  const answers = await Promise.all(Array.from({ length: 100 }, () => attempt(0, "ada", "203.0.113.5")));
  expect(answers.filter((answer) => answer === "wrong")).toHaveLength(2);
});

test("a failure is forgotten after an hour, and a network of IPv6 is one sender", async () => {
  const attempt = triesOf(new LoginBrake());
  for (const end of ["1", "2", "3", "4", "5"]) await attempt(0, "ada", `2001:db8::${end}`);
  expect(await attempt(0, "ada", "2001:db8:0:0:1::9")).toBe(1);
  expect(await attempt(0, "ben", "2001:db8:0:1::9")).toBe("wrong");
  expect(await attempt(3601, "ada", "2001:db8::1")).toBe("wrong");
});
