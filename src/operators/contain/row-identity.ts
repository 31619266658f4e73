/** What is read of every row to find its container instance. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { halvesOf, isWide } from "../../column/halves.ts";
import { type ColumnRequest, columnName } from "../../column/request.ts";
import { isPresent, numberAt } from "../../column/row-reader.ts";
import type { ContainerInstance } from "../../containers/container.ts";
import type { Host } from "../../containers/host.ts";
import type { Registry } from "../../containers/registry.ts";

export const IDENTITY_COLUMNS: readonly ColumnRequest[] = [
  { kind: "boot" },
  { kind: "host" },
  { kind: "cpu_id" },
  { kind: "context", name: "pid_ns", isOptional: true },
  { kind: "context", name: "mnt_ns", isOptional: true },
  { kind: "context", name: "tid", isOptional: true },
];

/**
 * Where there is a pid namespace and no mount namespace distinguishes containers, it says with the time which container a
 * row is of: processor, mount namespace and task need not be looked at. Numbers of `IDENTITY_COLUMNS`.
 */
export const BY_NAMESPACE: { readonly ignored: readonly number[]; readonly unless: number } = {
  ignored: [placeOf("cpu_id"), placeOf("mnt_ns"), placeOf("tid")],
  unless: placeOf("pid_ns"),
};

function placeOf(name: string): number {
  return IDENTITY_COLUMNS.findIndex((request) => columnName(request) === name);
}

/** `pids` has `stride` words for each row, the lower first. */
export interface PlainIdentity {
  readonly codes: Int32Array;
  readonly pids: ArrayLike<number>;
  readonly stride: 1 | 2;
}

/** The identity columns of a batch, row by row. They are its last ones. */
export class RowIdentity {
  readonly #batch: ColumnBatch;
  readonly #registry: Registry;
  readonly #boot: Column;
  readonly #name: Column;
  readonly #cpu: Column;
  readonly #pidNs: Column;
  readonly #mntNs: Column;
  readonly #tid: Column;
  readonly #hosts: (Host | undefined)[] = [];
  #bootless: Host | undefined;

  constructor(batch: ColumnBatch, registry: Registry) {
    this.#batch = batch;
    this.#registry = registry;
    const [boot, name, cpu, pidNs, mntNs, tid] = batch.columns.slice(-IDENTITY_COLUMNS.length);
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

  /** The instance that a row belongs to, where it is known. */
  instance(row: number): ContainerInstance | undefined {
    const pidNs = this.pidNs(row);
    // Only an event without its namespace needs its task.
    const tid = pidNs === 0 ? this.#tidOf(row) : undefined;
    return this.host(row).instanceAt(this.time(row), pidNs, numberAt(this.#mntNs, row), tid);
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
    return numberAt(this.#pidNs, row);
  }

  /** The thread id on the host of the task with an id in the row's pid namespace. */
  hostTid(row: number, vtid: number): number | undefined {
    return this.host(row).hostTid(this.time(row), this.pidNs(row), vtid);
  }

  /** Machine and pid namespace of each row as numbers, where every row has both: rows of equal numbers are of the same. */
  get plain(): PlainIdentity | undefined {
    const [pidNs, boot] = [this.#pidNs, this.#boot];
    const isPlain = pidNs.kind === "number" && boot.kind === "dictionary";
    if (!isPlain || pidNs.validity !== undefined || boot.validity !== undefined) return undefined;
    const { values } = pidNs;
    const { codes } = boot;
    if (!isWide(values)) return { codes, pids: values, stride: 1 };
    return { codes, pids: halvesOf(values), stride: 2 };
  }

  /** The path of the control group that its task was moved into. */
  group(row: number): string | undefined {
    const { groups } = this.host(row);
    const tid = groups.isEmpty ? undefined : this.#tidOf(row);
    return tid === undefined ? undefined : groups.pathAt(this.time(row), tid);
  }

  /** By its context, else by the task that ran on the processor. */
  #tidOf(row: number): number | undefined {
    if (this.#tid.kind === "number" && isPresent(this.#tid, row))
      return Number(this.#tid.values[row]);
    const cpu = this.#cpu;
    if (cpu.kind !== "number" || !isPresent(cpu, row)) return undefined;
    return this.host(row).runningOn(Number(cpu.values[row]), this.time(row));
  }
}
