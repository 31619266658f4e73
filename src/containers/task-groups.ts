/**
 * Which control group each task of a machine is moved into, by time, where the kernel's cgroup events are recorded. Before a
 * task's first move nothing is known here: its container's record says which group that is in.
 *
 * The kernel reports a whole process by its first thread, and a thread that is moved alone by its own id; a task that is
 * created is in its parent's group.
 */

/** A control group, under the paths that it has had. */
interface Group {
  readonly root: number;
  /** Ascending by time. */
  readonly paths: { readonly from: bigint; path: string }[];
}

/** From a time on a task is in a group; in one that is not known, if it is another task with its id. */
interface Move {
  readonly from: bigint;
  readonly group: Group | undefined;
}

/** More are not kept of one task, hierarchy and time; the oldest go first. */
const MAX_MOVES = 64;
const MAX_GROUPS = 65_536;
const MAX_PATHS = 64;

/** A hierarchy's number: 0 is version 2, others are version 1's. */
type Root = number;

export class TaskGroups {
  /** By hierarchy and number: the groups that there are. */
  readonly #groups = new Map<string, Group>();
  readonly #moves = new Map<number, Map<Root, Move[]>>();
  readonly #processOf = new Map<number, number>();
  readonly #threadsOf = new Map<number, Set<number>>();
  #isEmpty = true;

  /** Whether no task was ever moved. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** The path of the group that a task is in, where it was seen to be moved there; version 2's before others. */
  pathAt(ns: bigint, tid: number): string | undefined {
    const byRoot = this.#moves.get(tid);
    if (byRoot === undefined) return undefined;
    for (const root of [...byRoot.keys()].sort((a, b) => a - b)) {
      const group = byRoot.get(root)!.findLast(({ from }) => from <= ns)?.group;
      if (group !== undefined) return group.paths.findLast(({ from }) => from <= ns)?.path;
    }
    return undefined;
  }

  /** A thread of a process is known. */
  onThread(tid: number, pid: number): void {
    const before = this.#processOf.get(tid);
    if (before === pid) return;
    if (before !== undefined) this.#leave(tid, before);
    this.#processOf.set(tid, pid);
    const threads = this.#threadsOf.get(pid);
    if (threads === undefined) this.#threadsOf.set(pid, new Set([tid]));
    else threads.add(tid);
  }

  /** @param childPid its process; 0 where it is not recorded */
  onFork(ns: bigint, parentTid: number, childTid: number, childPid: number): void {
    if (childPid !== 0) this.onThread(childTid, childPid);
    if (this.#isEmpty) return;
    const inherited = this.#moves.get(parentTid);
    for (const root of this.#moves.get(childTid)?.keys() ?? [])
      if (inherited?.has(root) !== true) this.#move(ns, childTid, root, undefined);
    for (const [root, moves] of inherited ?? [])
      this.#move(ns, childTid, root, moves.findLast(({ from }) => from <= ns)?.group);
  }

  /** A task is moved into a group, and with the first thread of a process its others. */
  onAttach(ns: bigint, pid: number, root: Root, id: string, path: string): void {
    const group = this.#groupOf(ns, root, id, path);
    this.#isEmpty = false;
    for (const tid of new Set([pid, ...(this.#threadsOf.get(pid) ?? [])]))
      this.#move(ns, tid, root, group);
  }

  /** A group is made. */
  onMake(ns: bigint, root: Root, id: string, path: string): void {
    this.#groups.delete(keyOf(root, id));
    this.#groupOf(ns, root, id, path);
  }

  /** A group has another path, and with it those below. */
  onRename(ns: bigint, root: Root, id: string, path: string): void {
    const group = this.#groups.get(keyOf(root, id));
    const before = group?.paths.at(-1)?.path;
    if (group === undefined || before === undefined) {
      this.#groupOf(ns, root, id, path);
      return;
    }
    for (const other of this.#groups.values()) {
      const last = other.paths.at(-1)?.path ?? "";
      if (other === group || (other.root === root && last.startsWith(`${before}/`)))
        rename(other, ns, `${path}${last.slice(before.length)}`);
    }
  }

  /** A group is gone; its number may be another's. */
  onRemove(root: Root, id: string): void {
    this.#groups.delete(keyOf(root, id));
  }

  /** A task is over, and nothing is asked of it any more. */
  forget(tid: number): void {
    const pid = this.#processOf.get(tid);
    if (pid !== undefined) this.#leave(tid, pid);
    this.#processOf.delete(tid);
    this.#moves.delete(tid);
  }

  #leave(tid: number, pid: number): void {
    const threads = this.#threadsOf.get(pid);
    threads?.delete(tid);
    if (threads?.size === 0) this.#threadsOf.delete(pid);
  }

  /** The group of a number, which has such a path now. */
  #groupOf(ns: bigint, root: Root, id: string, path: string): Group {
    const key = keyOf(root, id);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      if (known.paths.at(-1)?.path !== path) rename(known, ns, path);
      return known;
    }
    const group: Group = { root, paths: [{ from: ns, path }] };
    this.#groups.set(key, group);
    if (this.#groups.size > MAX_GROUPS) {
      const [oldest] = this.#groups.keys();
      if (oldest !== undefined) this.#groups.delete(oldest);
    }
    return group;
  }

  #move(from: bigint, tid: number, root: Root, group: Group | undefined): void {
    let byRoot = this.#moves.get(tid);
    if (byRoot === undefined) {
      byRoot = new Map();
      this.#moves.set(tid, byRoot);
    }
    const moves = byRoot.get(root);
    if (moves === undefined) {
      byRoot.set(root, [{ from, group }]);
      return;
    }
    if (moves.at(-1)?.group === group) return;
    if (moves.length >= MAX_MOVES) moves.shift();
    moves.push({ from, group });
  }
}

function keyOf(root: Root, id: string): string {
  return `${root} ${id}`;
}

function rename({ paths }: Group, from: bigint, path: string): void {
  if (paths.length >= MAX_PATHS) paths.shift();
  paths.push({ from, path });
}
