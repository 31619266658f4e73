/** Processes of traced machines at a time: from the state dump, forks, execs and exits. */

/** Namespaces of a process, by type: inodes. */
export type Namespaces = Readonly<Record<string, number>>;

export interface ProcessEntry {
  readonly host: string;
  readonly pid: number;
  /** Its id in its own pid namespace. */
  vpid: number;
  ppid: number;
  name: string;
  /** When it was forked, ns since the Unix epoch; `undefined` if it was there before. */
  startNs: bigint | undefined;
  /** How many threads are known, with the first one. */
  threads: number;
  readonly namespaces: { [type: string]: number };
}

/** An event that says something of processes. */
export interface ProcessEvent {
  readonly ns: bigint;
  readonly event: string;
  readonly host: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The names of events that it reads. */
export const PROCESS_EVENTS: readonly string[] = [
  "lttng_statedump_process_*",
  "sched_process_fork",
  "sched_process_exec",
  "sched_process_exit",
];

/** More are forgotten, oldest first. */
const MAX_PROCESSES = 1_000_000;

export class ProcessTable {
  readonly #processes = new Map<string, ProcessEntry>();
  /** The process of each thread. */
  readonly #processOf = new Map<string, number>();
  /** How deep the pid namespace is that a state dump has reported of a process. */
  readonly #levels = new Map<string, number>();

  get processes(): readonly ProcessEntry[] {
    return [...this.#processes.values()];
  }

  take({ ns, event, host, fields }: ProcessEvent): void {
    const number = (name: string): number => Number(fields[name] ?? 0);
    const text = (name: string): string => String(fields[name] ?? "");
    switch (event) {
      case "lttng_statedump_process_state":
        this.#dumped(host, number("tid"), number("pid"), number("ppid"), text("name"));
        break;
      case "lttng_statedump_process_pid_ns":
        this.#pidNamespace(host, fields);
        break;
      case "sched_process_fork":
        this.#forked(ns, host, fields);
        break;
      case "sched_process_exec": {
        const entry = this.#find(host, number("tid"));
        if (entry !== undefined) entry.name = nameOf(text("filename"));
        break;
      }
      case "sched_process_exit":
        this.#exited(host, number("tid"));
        break;
      default: {
        const type = /^lttng_statedump_process_(\w+)_ns$/.exec(event)?.[1];
        const entry =
          type === undefined ? undefined : this.#processes.get(`${host} ${number("tid")}`);
        if (entry !== undefined) entry.namespaces[type!] = number("ns_inum");
      }
    }
  }

  #dumped(host: string, tid: number, pid: number, ppid: number, name: string): void {
    this.#processOf.set(`${host} ${tid}`, pid);
    const known = this.#processes.get(`${host} ${pid}`);
    if (tid !== pid) {
      if (known !== undefined) known.threads++;
      return;
    }
    if (known !== undefined) {
      // A second state dump; the first one's threads are counted anew.
      known.threads = 1;
      known.ppid = ppid;
      return;
    }
    this.#add({ host, pid, vpid: pid, ppid, name, startNs: undefined, threads: 1, namespaces: {} });
  }

  /** Once a level: the deepest is its own. */
  #pidNamespace(host: string, fields: ProcessEvent["fields"]): void {
    const tid = Number(fields["tid"]);
    const key = `${host} ${tid}`;
    const entry = this.#processes.get(key);
    const level = Number(fields["ns_level"]);
    if (entry === undefined || level < (this.#levels.get(key) ?? 0)) return;
    this.#levels.set(key, level);
    entry.vpid = Number(fields["vpid"]);
    entry.namespaces["pid"] = Number(fields["ns_inum"]);
  }

  #forked(ns: bigint, host: string, fields: ProcessEvent["fields"]): void {
    const number = (name: string): number => Number(fields[name] ?? 0);
    const [tid, pid] = [number("child_tid"), number("child_pid")];
    this.#processOf.set(`${host} ${tid}`, pid);
    const parent = this.#processes.get(`${host} ${number("parent_pid")}`);
    if (tid !== pid) {
      const own = this.#processes.get(`${host} ${pid}`);
      if (own !== undefined) own.threads++;
      return;
    }
    const { vtids } = fields;
    const vpid = Array.isArray(vtids) ? Number(vtids.at(-1) ?? pid) : pid;
    const inode = number("child_ns_inum");
    const namespaces = { ...parent?.namespaces, ...(inode > 0 && { pid: inode }) };
    const name = String(fields["child_comm"] ?? "");
    this.#add({
      host,
      pid,
      vpid,
      ppid: number("parent_pid"),
      name,
      startNs: ns,
      threads: 1,
      namespaces,
    });
  }

  #exited(host: string, tid: number): void {
    const key = `${host} ${tid}`;
    const pid = this.#processOf.get(key) ?? tid;
    this.#processOf.delete(key);
    const entry = this.#processes.get(`${host} ${pid}`);
    if (entry === undefined) return;
    entry.threads--;
    if (tid !== pid && entry.threads > 0) return;
    this.#processes.delete(`${host} ${pid}`);
    this.#levels.delete(`${host} ${pid}`);
  }

  #find(host: string, tid: number): ProcessEntry | undefined {
    return this.#processes.get(`${host} ${this.#processOf.get(`${host} ${tid}`) ?? tid}`);
  }

  #add(entry: ProcessEntry): void {
    this.#processes.set(`${entry.host} ${entry.pid}`, entry);
    if (this.#processes.size <= MAX_PROCESSES) return;
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined) this.#processes.delete(oldest);
  }
}

/** As the kernel names a task that executes a file: 15 bytes of its last part. */
function nameOf(filename: string): string {
  return (filename.split("/").at(-1) ?? filename).slice(0, 15);
}
