/**
 * Who else is in the namespaces of a user's process. A container record names everything in the pid namespace and the mount
 * namespace of its process, and a user may make a user namespace anywhere: on the host, or as a user of root's container.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inodeOf, startTicksOf } from "./process.ts";
import { type IdRange, ownershipOf } from "./process-owner.ts";

const KINDS = ["pid", "mnt"] as const;

export class SharedNamespaces {
  readonly #proc: string;
  /** The processes of each namespace, by its inode; the lowest first. Read once, when it is asked for. */
  #members: ReadonlyMap<number, readonly number[]> | undefined;

  /** @param proc where procfs is mounted */
  constructor(proc: string = "/proc") {
    this.#proc = proc;
  }

  /**
   * Whether others were in the namespaces of a process before it: then they are not its user's. Who enters a user's
   * namespaces later, as an administrator may, changes nothing.
   *
   * @param ids of the user, from `idsOf`
   * @param early namespaces that it had before, if they were read
   */
  holdOthers(
    ids: readonly IdRange[],
    pid: number,
    startTicks: number,
    early: readonly number[] = [],
  ): boolean {
    const now = this.#namespacesOf(pid);
    // It exits, or its namespaces cannot be read: what they are is not known.
    if (now === undefined) return true;
    const members = this.#table();
    return [...new Set([...now, ...early])].some((inode) =>
      (members.get(inode) ?? []).some((other) => {
        if (other === pid) return false;
        const start = startTicksOf(other, this.#proc);
        if (start === undefined || start > startTicks) return false;
        return ownershipOf(ids, other, start, this.#proc) === "foreign";
      }),
    );
  }

  #table(): ReadonlyMap<number, readonly number[]> {
    if (this.#members !== undefined) return this.#members;
    const members = new Map<number, number[]>();
    const pids = readdirSync(this.#proc).filter((name) => /^\d+$/.test(name));
    for (const pid of pids.map(Number).sort((a, b) => a - b)) {
      for (const inode of new Set(this.#namespacesOf(pid))) {
        const own = members.get(inode);
        if (own === undefined) members.set(inode, [pid]);
        else own.push(pid);
      }
    }
    this.#members = members;
    return members;
  }

  #namespacesOf(pid: number): readonly number[] | undefined {
    try {
      return KINDS.map((kind) => inodeOf(join(this.#proc, String(pid), "ns", kind)));
    } catch {
      return undefined;
    }
  }
}
