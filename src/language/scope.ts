/** What names stand for at a place in a query, and where their values will stand in the rows. */

import { pathNames, plainName } from "../base/quoted-name.ts";
import type { Span } from "../base/text.ts";
import { type ColumnRequest, columnName, columnRequest } from "../column/request.ts";
import type { Reference } from "../filter/ast.ts";
import { WRITTEN_COLUMNS } from "../filter/event-columns.ts";
import { symbolText } from "../filter/symbol.ts";
import type { OutputColumn, Side } from "../operators/tables/table.ts";
import { unknownName } from "./language-error.ts";
import type { TableDefinition } from "./tables/definition.ts";

export interface Scope {
  /**
   * The place of a name's column in the rows.
   * @throws FilterError `QUERY_NAME`
   */
  place(reference: Reference): number;
  /** The name of the column at a place. */
  name(at: number): string;
  /** Names that are known without a trace. */
  readonly names: readonly string[];
  /** The place of the length of the rows' intervals, where they are intervals. */
  length(): number | undefined;
}

/** Names as they are written, and what a selection would call them. */
const GLOBALS: ReadonlyMap<string, string> = new Map([
  ["$container", "container"],
  ...[...WRITTEN_COLUMNS].map(([column, names]) => [names.join("."), column] as const),
]);

/** The name that a selection has for a reference. */
function selected(reference: Reference): string {
  const text = plainName(symbolText(reference));
  return GLOBALS.get(text) ?? text;
}

/** A list that grows while a query is bound: the same thing has one place. */
class Places<T> {
  readonly list: T[] = [];
  readonly #known = new Map<string, number>();

  place(one: T): number {
    const key = JSON.stringify(one, (name, value) => (name === "written" ? undefined : value));
    let at = this.#known.get(key);
    if (at === undefined) {
      at = this.list.push(one) - 1;
      this.#known.set(key, at);
    }
    return at;
  }
}

/** Events: every name is asked of the scan. */
export class EventScope implements Scope {
  readonly names: readonly string[] = [
    "timestamp",
    "event",
    "cpu_id",
    "host",
    "domain",
    "container",
  ];
  readonly #requests = new Places<ColumnRequest>();
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get requests(): readonly ColumnRequest[] {
    return this.#requests.list;
  }

  length(): undefined {}

  place(reference: Reference): number {
    const name = selected(reference);
    checkRoot(this.#text, reference, name, this.names);
    return this.#requests.place(requestFor(name, reference, this.#text));
  }

  /** The place of what is asked for behind the names, such as the truth of a filter. */
  placeOf(request: ColumnRequest): number {
    return this.#requests.place(request);
  }

  name(at: number): string {
    return columnName(this.#requests.list[at]!);
  }
}

/** A column of a table that its events bring. */
interface CarriedColumn {
  readonly kind: "carried";
  readonly name: string;
  readonly request: ColumnRequest;
  readonly from: Side;
}

type TableColumnPlace = Extract<OutputColumn, { kind: "own" }> | CarriedColumn;

/** A table: its own columns, and those that its events bring. */
export class TableScope implements Scope {
  readonly #table: TableDefinition;
  readonly #text: string;
  readonly #columns = new Places<TableColumnPlace>();
  /** Whether a stage has put the rows in another order than that of time. */
  isOrdered = false;

  constructor(table: TableDefinition, text: string) {
    this.#table = table;
    this.#text = text;
  }

  get names(): readonly string[] {
    return [...this.#table.columns.map(({ name }) => name), "container", "host"];
  }

  /** Rows that were put in another order say nothing of how long they have been followed. */
  length(): number | undefined {
    return this.#table.isInterval && !this.isOrdered ? this.#own("dt") : undefined;
  }

  /** What has been asked for so far. */
  get columns(): readonly TableColumnPlace[] {
    return this.#columns.list;
  }

  place(reference: Reference): number {
    const name = selected(reference);
    const own = this.#own(name);
    if (own !== undefined) return own;
    const side = /^(begin|end)\.(.+)$/.exec(name);
    if (side !== null && this.#table.hasSides)
      return this.#carry(name, requestFor(side[2]!, reference, this.#text), side[1] as Side);
    checkRoot(this.#text, reference, name, this.names);
    if (name === "event" || name === "payload")
      throw unknownName(this.#text, reference, `column of ${this.#table.name}`, name, this.names);
    return this.placeOf(requestFor(name, reference, this.#text));
  }

  /** The place of a column of its own, or that its events bring without being missed. */
  placeShown(name: string): number {
    const request = columnRequest(name);
    return (
      this.#own(name) ??
      this.placeOf(request.kind === "name" ? { ...request, isOptional: true } : request)
    );
  }

  placeOf(request: ColumnRequest): number {
    const { contextsFrom, hasFields } = this.#table;
    const isBare = request.kind === "name" || request.kind === "field";
    if (!isBare) return this.#carry(columnName(request), request, contextsFrom);
    if (hasFields) return this.#carry(request.name, request, "either");
    return this.#carry(request.name, { ...request, kind: "context" }, contextsFrom);
  }

  name(at: number): string {
    return this.#columns.list[at]!.name;
  }

  #own(name: string): number | undefined {
    const column = this.#table.columns.find((one) => one.name === name);
    if (column === undefined) return undefined;
    const { type, unit } = column;
    return this.#columns.place({ kind: "own", name, type, unit });
  }

  #carry(name: string, request: ColumnRequest, side: Side): number {
    return this.#columns.place({ kind: "carried", name, request, from: side });
  }
}

/** Columns that a stage before gives. */
export class FixedScope implements Scope {
  readonly names: readonly string[];
  readonly #text: string;

  constructor(names: readonly string[], text: string) {
    this.names = names;
    this.#text = text;
  }

  length(): undefined {}

  place(reference: Reference): number {
    const name = selected(reference);
    const short = name.replace(/^(\$ctx|payload)\./, "");
    const unquoted = pathNames(short).join(".");
    const at = [name, short, unquoted].map((one) => this.names.indexOf(one)).find((i) => i !== -1);
    if (at === undefined) throw unknownName(this.#text, reference, "column", name, this.names);
    return at;
  }

  name(at: number): string {
    return this.names[at]!;
  }
}

/** What a name asks for, and where it stands. */
function requestFor(name: string, { start, end }: Span, text: string): ColumnRequest {
  const request = columnRequest(name);
  const isField = request.kind === "name" || request.kind === "field" || request.kind === "context";
  return isField ? { ...request, written: { text, start, end } } : request;
}

function checkRoot(text: string, at: Span, name: string, names: readonly string[]): void {
  if (!name.startsWith("$") || name.startsWith("$ctx.")) return;
  throw unknownName(text, at, "column", name, [...GLOBALS.keys(), ...names]);
}
