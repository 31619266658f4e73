/** `pid` and `tid` of the host for rows that have only those of their container: user-space events. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import { isPresent, numberAt } from "../../column/row-reader.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import { allNull, setValid } from "../../column/validity.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { RowIdentity } from "./row-identity.ts";

/** A context of the host, and the one of the container that it is found by: a process is known by its first thread. */
const PAIRS: ReadonlyMap<string, string> = new Map([
  ["pid", "vpid"],
  ["tid", "vtid"],
]);

/** One column to fill: its place among the user's, and that of the container's id among all. */
interface Filled {
  readonly at: number;
  readonly from: number;
}

/** The contexts that filling some columns takes, for the user's requests. */
export function neededIds(requests: readonly ColumnRequest[]): readonly ColumnRequest[] {
  return requests.flatMap((request) => {
    const name = innerOf(request);
    return name === undefined ? [] : { kind: "context" as const, name, isOptional: true };
  });
}

/** The container's id that a request for a host's id is answered from; `undefined` for other requests. */
function innerOf(request: ColumnRequest): string | undefined {
  return request?.kind === "context" || request.kind === "name"
    ? PAIRS.get(request.name)
    : undefined;
}

/** Whether all events of a trace have the ids of the host themselves. */
export function haveHostIds({ streamClasses }: TraceClass): boolean {
  return [...streamClasses.values()].every(({ commonContext }) =>
    [...PAIRS.keys()].every((id) => commonContext?.members.some(({ name }) => name === id)),
  );
}

/** Fills host ids in batches of one layout. */
export class HostIds {
  readonly #filled: readonly Filled[];

  /**
   * @param requests of the user's columns, which come first in a batch
   * @param shown what they have become
   * @param firstId where the columns of `neededIds` begin
   */
  constructor(requests: readonly ColumnRequest[], shown: Schema, firstId: number) {
    let next = firstId;
    this.#filled = requests.flatMap((request, at) => {
      if (innerOf(request) === undefined) return [];
      const from = next++;
      return mayBeHostId(shown[at]!) ? { at, from } : [];
    });
  }

  /** The user's columns of a batch, with what is known of the host's ids. */
  fill(batch: ColumnBatch, shown: readonly Column[], identity: RowIdentity): readonly Column[] {
    if (this.#filled.length === 0) return shown;
    const columns = [...shown];
    for (const { at, from } of this.#filled)
      columns[at] = filled(shown[at]!, batch.columns[from]!, batch.rows, identity);
    return columns;
  }
}

/** Host ids that nothing declares, with the type that the kernel tracer gives them; the same objects for the same columns. */
const typed = new WeakMap<ColumnLayout, ColumnLayout>();

export function typedHostId(column: ColumnLayout): ColumnLayout {
  if (column.type.kind !== "null" || !PAIRS.has(column.name)) return column;
  let known = typed.get(column);
  if (known === undefined) {
    known = { ...column, type: { kind: "number", number: "int32" } };
    typed.set(column, known);
  }
  return known;
}

/** Whether a column is the context, or what stands for it where nothing declares it; not a payload field of that name. */
function mayBeHostId({ request, type }: ColumnLayout): boolean {
  return request?.kind === "context" || type.kind === "null";
}

function filled(own: Column, inner: Column, rows: number, identity: RowIdentity): Column {
  const isKnown = own.kind === "number" && own.validity === undefined;
  if (isKnown || inner.kind !== "number") return own.kind === "null" ? noNumbers(rows) : own;
  const values = own.kind === "number" ? own.values.slice(0, rows) : new Int32Array(rows);
  const validity = allNull(rows);
  let nullCount = rows;
  for (let row = 0; row < rows; row++) {
    if (own.kind !== "number" || !isPresent(own, row)) {
      const tid = isPresent(inner, row) ? identity.hostTid(row, numberAt(inner, row)) : undefined;
      if (tid === undefined) continue;
      // One cast for all widths.
      (values as Int32Array)[row] = tid;
    }
    setValid(validity, row);
    nullCount--;
  }
  return { kind: "number", values, validity: nullCount === 0 ? undefined : validity, nullCount };
}

function noNumbers(rows: number): Column {
  const validity = allNull(rows);
  return { kind: "number", values: new Int32Array(rows), validity, nullCount: rows };
}
