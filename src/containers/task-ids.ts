/** A use of a thread id inside a pid namespace. */
interface Use {
  /** ns since the Unix epoch. */
  readonly from: bigint;
  /** The task's thread id on the host. */
  readonly tid: number;
}

/** More uses of one thread id are not kept; the oldest go first. */
const MAX_USES = 16;

/** Thread ids inside pid namespaces → thread ids on the host, by time. */
export class TaskIds {
  /** By inode of the pid namespace, and by thread id there. */
  readonly #uses = new Map<number, Map<number, Use[]>>();
  /** Where each task of the host is known: what is forgotten with it. */
  readonly #places = new Map<number, Set<string>>();

  /** A task has a thread id in a pid namespace. */
  add(ns: bigint, pidNs: number, vtid: number, tid: number): void {
    if (vtid === 0 || tid === 0) return;
    let ofNamespace = this.#uses.get(pidNs);
    if (ofNamespace === undefined) {
      ofNamespace = new Map();
      this.#uses.set(pidNs, ofNamespace);
    }
    const uses = ofNamespace.get(vtid) ?? [];
    if (uses.at(-1)?.tid === tid) return;
    uses.push({ from: ns, tid });
    if (uses.length > MAX_USES) uses.shift();
    ofNamespace.set(vtid, uses);
    const places = this.#places.get(tid) ?? new Set<string>();
    places.add(`${pidNs} ${vtid}`);
    this.#places.set(tid, places);
  }

  /** The thread id on the host of a task that has one in a pid namespace at a time. */
  hostTid(ns: bigint, pidNs: number, vtid: number): number | undefined {
    const uses = this.#uses.get(pidNs)?.get(vtid);
    // What was there before anything was known of it is the first that is known.
    return (uses?.findLast(({ from }) => from <= ns) ?? uses?.[0])?.tid;
  }

  /** The task has ended: its uses up to that time are forgotten. */
  forget(tid: number, exitNs: bigint): void {
    for (const place of this.#places.get(tid) ?? []) {
      const [pidNs = 0, vtid = 0] = place.split(" ").map(Number);
      const ofNamespace = this.#uses.get(pidNs);
      const kept = ofNamespace?.get(vtid)?.filter((use) => use.tid !== tid || use.from > exitNs);
      if (kept !== undefined && kept.length > 0) ofNamespace?.set(vtid, kept);
      else ofNamespace?.delete(vtid);
      if (ofNamespace?.size === 0) this.#uses.delete(pidNs);
    }
    this.#places.delete(tid);
  }
}
