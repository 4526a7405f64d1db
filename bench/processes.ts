import { readdirSync, readFileSync } from "node:fs";

// Linux tells these of every process, in ticks of 10 ms and in kB.
const tickSeconds = 0.01;

/** Memory a process has in use, in kB. */
export function residentKb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** The most it ever had, in kB. */
export function peakResidentKb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** How long the main thread of a process could have run so far and had no processor to run on, in milliseconds. */
export function waitedForProcessorMs(pid: number | undefined): number {
  // Linux tells of a thread: nanoseconds it ran, nanoseconds it waited, how often it ran.
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
}

/** Processor time that a process and its children, ended ones included, have used so far, in seconds. */
export function cpuSeconds(pid: number | undefined): number {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
  return [String(pid), ...children].reduce((sum, one) => sum + ticksOf(one), 0) * tickSeconds;
}

function ticksOf(pid: string): number {
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fieldsOf(pid).slice(11, 15).map(Number);
  return user + system + endedUser + endedSystem;
}

function parentOf(pid: string): number {
  return Number(fieldsOf(pid)[1]);
}

/** The fields behind the name, which may hold spaces; none of a process that has ended. */
function fieldsOf(pid: string): readonly string[] {
  try {
    return (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
  } catch {
    return [];
  }
}
