/**
 * Reads processes from /proc, completely or not at all.
 *
 * /proc is no snapshot. An exiting task loses its namespaces, all but the pid namespace, while its other files are still
 * there; and after it has exited, its id may belong to another process. So a process is identified by its id and its start,
 * and a reading counts only if start and namespaces are the same before and after it.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ControlGroup } from "../base/control-group.ts";
import { cgroupOf } from "./cgroup.ts";

export interface ProcessFacts {
  /** Clock ticks from boot to its start. Identifies the process together with its id. */
  readonly startTicks: number;
  /** When it started, in ns since the Unix epoch, to 10 ms. */
  readonly startNs: bigint;
  /** Inode numbers; 0 only where the kernel has no such namespaces. */
  readonly pidNs: number;
  readonly mntNs: number;
  readonly netNs: number;
  readonly cgroupNs: number;
  /** Its id in its own pid namespace: 1 unless it has joined the namespace of others. */
  readonly initVpid: number;
  /** `undefined` where the kernel has none. */
  readonly group: ControlGroup | undefined;
}

/** Identifies a process for the time since boot. */
export function processKey(process: {
  readonly initPid: number;
  readonly startTicks: number;
}): string {
  return `${process.initPid} ${process.startTicks}`;
}

export type ProcessReading =
  | { readonly kind: "running"; readonly facts: ProcessFacts }
  /** It does not exist, or has exited. */
  | { readonly kind: "gone" }
  /** It is exiting, executing another program or entering namespaces right now. */
  | { readonly kind: "changing" }
  /** It is running, but we lack permission to read it. */
  | { readonly kind: "unreadable"; readonly reason: string };

const KINDS = ["pid", "mnt", "net", "cgroup"] as const;
const NS_PER_TICK = 10_000_000n;
/** Readings of a process that changes. */
const ATTEMPTS = 3;

/** @param proc where procfs is mounted */
export function readProcess(pid: number, proc: string = "/proc"): ProcessReading {
  let denials = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const startTicks = startTicksOf(pid, proc);
    if (startTicks === undefined) return { kind: "gone" };
    try {
      const folder = livingTask(join(proc, String(pid)));
      const before = namespacesOf(folder, proc);
      const initVpid = vpidOf(folder);
      const startNs = bootNs(proc) + BigInt(startTicks) * NS_PER_TICK;
      const group = cgroupOf(folder, proc);
      const after = namespacesOf(folder, proc);
      const isSame = before.every((inode, i) => inode === after[i]);
      // One that is exiting may have left its control group, and still have its namespaces.
      const isExiting = statOf(folder)?.isExiting !== false;
      if (!isSame || isExiting || startTicksOf(pid, proc) !== startTicks) continue;
      const [pidNs = 0, mntNs = 0, netNs = 0, cgroupNs = 0] = after;
      const facts = { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid, group };
      return { kind: "running", facts };
    } catch (error) {
      if (error instanceof TooOldKernel) return { kind: "unreadable", reason: error.message };
      // One that is exiting denies its namespaces a moment before it is gone, and so does a main thread that another one replaces.
      const isDenial = isDenied(error) && statOf(join(proc, String(pid)))?.isExiting === false;
      if (isDenial && ++denials === ATTEMPTS) return { kind: "unreadable", reason: error.code };
    }
  }
  return { kind: startTicksOf(pid, proc) === undefined ? "gone" : "changing" };
}

/**
 * Ticks from boot to the start of a process; `undefined` if there is none, or it has exited.
 *
 * A process has exited if its main thread is a zombie and there is no other one. When another thread calls execve, the main one
 * is a zombie until it is replaced; a reading at that moment is inconsistent, so that the verdict takes several.
 */
export function startTicksOf(pid: number, proc: string = "/proc"): number | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stat = statOf(join(proc, String(pid)));
    if (stat !== undefined && (!hasExited(stat) || stat.threads > 1)) return stat.startTicks;
  }
  return undefined;
}

/** Process id of the parent; 0 if there is none. */
export function parentOf(pid: number): number {
  return statOf(`/proc/${pid}`)?.parent ?? 0;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly threads: number;
  readonly startTicks: number;
  readonly isExiting: boolean;
}

/** PF_EXITING of linux/sched.h. */
const EXITING = 4;

/** Parses proc_pid_stat(5). The command, field 2, may contain anything, so that fields are counted from its end. */
function statOf(folder: string): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "stat"), "latin1");
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent = 0, flags = 0, threads = 0, startTicks = Number.NaN] = [4, 9, 20, 22].map(
    (number) => Number(fields[number - 3]),
  );
  if (!Number.isSafeInteger(startTicks)) return undefined;
  const isExiting = (flags & EXITING) !== 0;
  return { state: fields[0] ?? "", parent, threads, startTicks, isExiting };
}

/** The directory of the main thread, or of another one if the main one has exited alone. */
function livingTask(folder: string): string {
  const isLiving = (task: string): boolean => {
    const stat = statOf(task);
    return stat !== undefined && !hasExited(stat);
  };
  if (isLiving(folder)) return folder;
  const tasks = readdirSync(join(folder, "task")).map((tid) => join(folder, "task", tid));
  return tasks.find(isLiving) ?? folder;
}

function hasExited({ state }: Stat): boolean {
  return state === "Z" || state === "X";
}

/** Inodes by `KINDS`. Throws if one cannot be read, unless the kernel lacks this kind of namespace. */
function namespacesOf(folder: string, proc: string): readonly number[] {
  return KINDS.map((kind) => {
    try {
      return inodeOf(join(folder, "ns", kind));
    } catch (error) {
      if (!isDenied(error) && !hasKind(kind, proc)) return 0;
      throw error;
    }
  });
}

function hasKind(kind: string, proc: string): boolean {
  try {
    return inodeOf(join(proc, "self/ns", kind)) > 0;
  } catch {
    return false;
  }
}

/** The inode of a namespace, by a link below `/proc/PID/ns`. @throws what reading it throws */
export function inodeOf(link: string): number {
  const inode = Number(/:\[(\d+)\]$/.exec(readlinkSync(link))?.[1]);
  if (inode > 0) return inode;
  throw new Error(`${link}: expected KIND:[INODE]`);
}

/** The process id in the innermost namespace, which is listed last. */
function vpidOf(folder: string): number {
  const status = readFileSync(join(folder, "status"), "latin1");
  const vpid = /^NStgid:.*?(\d+)$/m.exec(status)?.[1];
  if (vpid === undefined)
    throw new TooOldKernel("no NStgid in /proc/PID/status, expected Linux 4.1 or later");
  if (vpid === "0") throw new Error("the process id has been released");
  return Number(vpid);
}

class TooOldKernel extends Error {}

/** The time of boot, in ns since the Unix epoch, computed from the uptime. */
function bootNs(proc: string): bigint {
  const seconds = Number(/^\d+\.\d+/.exec(readFileSync(join(proc, "uptime"), "latin1"))?.[0]);
  if (!(seconds > 0)) throw new Error("/proc/uptime: expected seconds since boot");
  return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(seconds * 100)) * NS_PER_TICK;
}

function isDenied(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && ["EACCES", "EPERM"].includes(`${error.code}`);
}
