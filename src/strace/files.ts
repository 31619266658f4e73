/** Which file a descriptor of a process is, as far as a trace says it: state dump, open, dup, close, fork, exec. */

interface OpenFile {
  readonly path: string;
  readonly closesOnExec: boolean;
}

type FileTable = Map<number, OpenFile>;

/** Processes whose tables are kept; the oldest give way. */
const MAX_PROCESSES = 100_000;
/** Descriptors of one process. */
const MAX_FILES = 65_536;

export class Files {
  readonly #tables = new Map<string, FileTable>();
  /** State dump: tables by address, and whose they are. */
  readonly #dumped = new Map<string, FileTable>();
  readonly #addressOf = new Map<string, string>();

  pathOf(process: string, fd: number): string | undefined {
    return this.#tableOf(process).get(fd)?.path;
  }

  /** @param path empty where it could not be read: the file is unknown then */
  open(process: string, fd: number, path: string, closesOnExec: boolean): void {
    if (path === "") {
      this.close(process, fd);
      return;
    }
    const table = this.#tableOf(process);
    if (table.size < MAX_FILES || table.has(fd)) table.set(fd, { path, closesOnExec });
  }

  /** A descriptor for the same file; unknown files stay unknown. */
  duplicate(process: string, from: number, to: number, closesOnExec: boolean): void {
    const path = this.pathOf(process, from);
    if (path === undefined) this.close(process, to);
    else this.open(process, to, path, closesOnExec);
  }

  close(process: string, fd: number): void {
    this.#tableOf(process).delete(fd);
  }

  closeRange(process: string, first: number, last: number): void {
    const table = this.#tableOf(process);
    for (const fd of table.keys()) if (fd >= first && fd <= last) table.delete(fd);
  }

  fork(parent: string, child: string): void {
    if (parent === child) return;
    this.#keep(child, new Map(this.#tableOf(parent)));
  }

  exec(process: string): void {
    const table = this.#tableOf(process);
    for (const [fd, { closesOnExec }] of table) if (closesOnExec) table.delete(fd);
  }

  exit(process: string): void {
    this.#tables.delete(process);
  }

  /** State dump: a process has the table at an address. */
  dumpProcess(process: string, address: string): void {
    this.#addressOf.set(process, address);
  }

  dumpFile(address: string, fd: number, path: string, closesOnExec: boolean): void {
    if (path === "") return;
    let table = this.#dumped.get(address);
    if (table === undefined) {
      if (this.#dumped.size >= MAX_PROCESSES) return;
      table = new Map();
      this.#dumped.set(address, table);
    }
    table.set(fd, { path, closesOnExec });
  }

  #tableOf(process: string): FileTable {
    const known = this.#tables.get(process);
    if (known !== undefined) return known;
    const address = this.#addressOf.get(process);
    const dumped = address === undefined ? undefined : this.#dumped.get(address);
    const table: FileTable = new Map(dumped);
    // The dump of its files may follow.
    if (dumped !== undefined || address === undefined) this.#keep(process, table);
    return table;
  }

  #keep(process: string, table: FileTable): void {
    this.#tables.set(process, table);
    if (this.#tables.size <= MAX_PROCESSES) return;
    const [oldest] = this.#tables.keys();
    if (oldest !== undefined) this.#tables.delete(oldest);
  }
}
