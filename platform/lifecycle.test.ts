import { expect, test, vi } from "vitest";
import { Lifecycle } from "./lifecycle.ts";
import { openLog } from "./telemetry.ts";

const log = openLog({ level: "silent", format: "json" });

test("what was started last stops first, each when the one before has stopped", async () => {
  const life = new Lifecycle(log, 5000);
  const steps: string[] = [];
  for (const name of ["stream", "processor", "broker"]) {
    await life.add(
      name,
      () => name,
      async (value) => {
        steps.push(`${value} stops`);
        await Promise.resolve();
        steps.push(`${value} stopped`);
      },
    );
  }
  await life.stop();
  expect(steps).toEqual(
    ["broker", "processor", "stream"].flatMap((name) => [`${name} stops`, `${name} stopped`]),
  );
});

test("what was started is given back, and stops by its own stop", async () => {
  const life = new Lifecycle(log, 5000);
  const stop = vi.fn(() => Promise.resolve());
  const running = { stop, port: 1883 };
  expect(await life.run("broker", () => Promise.resolve(running))).toBe(running);
  await life.stop();
  expect(stop).toHaveBeenCalledOnce();
});

test("everything stops once, however often it is asked to", async () => {
  const life = new Lifecycle(log, 5000);
  const stop = vi.fn();
  await life.add("broker", () => 0, stop);
  await Promise.all([life.stop(), life.stop()]);
  await life.stop();
  expect(stop).toHaveBeenCalledOnce();
});

test("a part that did not start is not stopped, and those before it are", async () => {
  const life = new Lifecycle(log, 5000);
  const [stopped, neverStarted] = [vi.fn(), vi.fn()];
  await life.add("stream", () => 0, stopped);
  const failing = life.add("broker", () => Promise.reject(new Error("port taken")), neverStarted);
  await expect(failing).rejects.toThrow("port taken");
  await life.stop();
  expect(stopped).toHaveBeenCalledOnce();
  expect(neverStarted).not.toHaveBeenCalled();
});

test.each([
  ["rejects", () => Promise.reject(new Error("stuck"))],
  [
    "throws",
    () => {
      throw new Error("stuck");
    },
  ],
])("a stop that %s is logged by the name of its part, and the others go on", async (_, failing) => {
  const life = new Lifecycle(log, 5000);
  const error = vi.spyOn(log, "error");
  const stop = vi.fn();
  await life.add("stream", () => 0, stop);
  await life.add("broker", () => 0, failing);
  await life.stop();
  expect(stop).toHaveBeenCalledOnce();
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ part: "broker" }), expect.any(String));
  error.mockRestore();
});

test("a stop that takes longer than the deadline fails and names the part", async () => {
  const life = new Lifecycle(log, 20);
  await life.add("stream", () => 0, vi.fn());
  await life.add(
    "broker",
    () => 0,
    () => new Promise<void>(() => undefined),
  );
  const stopping = life.stop();
  await expect(stopping).rejects.toMatchObject({ code: "STOP_TIMED_OUT", retryable: false });
  await expect(stopping).rejects.toThrow(/broker did not stop within 0\.02 s/);
});

test("with nothing started there is nothing to stop", async () => {
  await expect(new Lifecycle(log, 5000).stop()).resolves.toBeUndefined();
});

test("what starts while everything stops is stopped too, and nothing starts after it", async () => {
  const life = new Lifecycle(log, 5000);
  const stop = vi.fn();
  let start = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  await life.add("stream", () => 0, vi.fn());
  const starting = life.add("broker", () => started, stop);
  const stopping = life.stop();
  start();
  await expect(starting).rejects.toMatchObject({ code: "STOPPING" });
  await stopping;
  expect(stop).toHaveBeenCalledOnce();
  await expect(life.add("web", () => 0, stop)).rejects.toMatchObject({ code: "STOPPING" });
});
