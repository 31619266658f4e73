import { readFileSync } from "node:fs";

/** Resident memory of a process, MiB, and the processor time that it has used so far, seconds. */
export function usageOf(pid: number): { readonly mib: number; readonly cpuSeconds: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  // Behind the name, which may hold anything, fields 14 and 15 are user and system time in clock ticks.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { mib: kib / 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
