/** What the kernel tells of a container's first process. */

import { readFile, readlink } from "node:fs/promises";

export interface ProcessFacts {
  /** Inode numbers; 0 for what this kernel does not have, or does not tell us. */
  readonly pidNs: number;
  readonly mntNs: number;
  readonly netNs: number;
  readonly cgroupNs: number;
  /** Its process id in its own pid namespace: 1 unless it shares that of others. */
  readonly initVpid: number;
  /** When it started, in ns since the Unix epoch, to 10 ms. */
  readonly startNs: bigint;
}

const NS_PER_TICK = 10_000_000n;

/** `undefined` if there is no such process (any more), or we may not look at it. */
export async function factsOf(pid: number): Promise<ProcessFacts | undefined> {
  const inode = async (kind: string): Promise<number> => {
    const link = await readlink(`/proc/${pid}/ns/${kind}`).catch(() => "");
    return Number(/\[(\d+)\]$/.exec(link)?.[1] ?? 0);
  };
  const read = (name: string): Promise<string> => readFile(`/proc/${name}`, "utf8").catch(() => "");
  const [pidNs, mntNs, netNs, cgroupNs, stat, status, uptime] = await Promise.all([
    inode("pid"),
    inode("mnt"),
    inode("net"),
    inode("cgroup"),
    read(`${pid}/stat`),
    read(`${pid}/status`),
    read("uptime"),
  ]);
  if (pidNs === 0) return undefined;
  const initVpid = Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? 0);
  // Behind the command, which may hold anything: state is field 3, starttime, in ticks since boot, field 22.
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const startNs = ticks === undefined ? 0n : bootNs(uptime) + BigInt(ticks) * NS_PER_TICK;
  return { pidNs, mntNs, netNs, cgroupNs, initVpid, startNs };
}

/** The time of boot, by what is past since then. */
function bootNs(uptime: string): bigint {
  const seconds = Number(uptime.split(" ", 1)[0] ?? 0);
  return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(seconds * 100)) * NS_PER_TICK;
}
