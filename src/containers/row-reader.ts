/** What is read of every row to find its container, behind the columns that the user sees. */

import type { Column, ColumnBatch } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Life } from "./container.ts";
import type { Host } from "./host.ts";
import type { Registry } from "./registry.ts";

export const RESOLVING_COLUMNS: readonly ColumnRequest[] = [
  { kind: "boot" },
  { kind: "host" },
  { kind: "cpu_id" },
  { kind: "context", name: "pid_ns", isOptional: true },
  { kind: "context", name: "mnt_ns", isOptional: true },
  { kind: "context", name: "tid", isOptional: true },
];

/** The resolving columns of a batch, row by row. */
export class RowReader {
  readonly #batch: ColumnBatch;
  readonly #registry: Registry;
  readonly #boot: Column;
  readonly #name: Column;
  readonly #cpu: Column;
  readonly #pidNs: Column;
  readonly #mntNs: Column;
  readonly #tid: Column;
  readonly #hidesNamespaces: boolean;
  readonly #hosts: (Host | undefined)[] = [];
  #bootless: Host | undefined;

  constructor(batch: ColumnBatch, registry: Registry, hidesNamespaces: boolean) {
    this.#batch = batch;
    this.#registry = registry;
    this.#hidesNamespaces = hidesNamespaces;
    const [boot, name, cpu, pidNs, mntNs, tid] = batch.columns.slice(-RESOLVING_COLUMNS.length);
    this.#boot = boot!;
    this.#name = name!;
    this.#cpu = cpu!;
    this.#pidNs = pidNs!;
    this.#mntNs = mntNs!;
    this.#tid = tid!;
  }

  time(row: number): bigint {
    return this.#batch.timestamps[row]!;
  }

  /** Whose the row is. */
  life(row: number): Life | undefined {
    const pidNs = this.pidNs(row);
    // Only an event that does not tell its namespace needs its task.
    const tid = pidNs === 0 ? this.#tidOf(row) : undefined;
    return this.host(row).resolve(this.time(row), pidNs, this.#mntNsOf(row), tid);
  }

  host(row: number): Host {
    const boot = this.#boot;
    if (boot.kind !== "dictionary" || !isPresent(boot, row)) {
      this.#bootless ??= this.#registry.host("", "");
      return this.#bootless;
    }
    const code = boot.codes[row]!;
    let host = this.#hosts[code];
    if (host === undefined) {
      const name = this.#name;
      const hostName =
        name.kind === "dictionary" && isPresent(name, row)
          ? name.dictionary.text(name.codes[row]!)
          : "";
      host = this.#registry.host(boot.dictionary.text(code), hostName);
      this.#hosts[code] = host;
    }
    return host;
  }

  pidNs(row: number): number {
    return this.#hidesNamespaces ? 0 : numberAt(this.#pidNs, row);
  }

  /** Where the run of rows ends that are of the same host and pid namespace as a row; the next row where nobody can tell. */
  runEnd(row: number): number {
    const pidNs = this.#pidNs;
    const boot = this.#boot;
    const next = row + 1;
    const isPlain = pidNs.kind === "number" && boot.kind === "dictionary";
    if (!isPlain || pidNs.validity !== undefined || boot.validity !== undefined) return next;
    const { values } = pidNs;
    const { codes } = boot;
    const inode = values[row];
    const code = codes[row];
    let end = next;
    while (end < this.#batch.rows && values[end] === inode && codes[end] === code) end++;
    return end;
  }

  #mntNsOf(row: number): number {
    return this.#hidesNamespaces ? 0 : numberAt(this.#mntNs, row);
  }

  /** By its context, else by whose turn it was on the processor. */
  #tidOf(row: number): number | undefined {
    if (this.#tid.kind === "number" && isPresent(this.#tid, row))
      return Number(this.#tid.values[row]);
    const cpu = this.#cpu;
    if (cpu.kind !== "number" || !isPresent(cpu, row)) return undefined;
    return this.host(row).runningOn(Number(cpu.values[row]), this.time(row));
  }
}

function numberAt(column: Column, row: number): number {
  return column.kind === "number" && isPresent(column, row) ? Number(column.values[row]) : 0;
}

function isPresent({ validity }: Column, row: number): boolean {
  return validity === undefined || (validity[row >> 3]! & (1 << (row & 7))) !== 0;
}
