import { Utf8Writer } from "../base/utf8-writer.ts";
import type { ColumnType } from "../column/column.ts";
import type { PlannedColumn } from "../column/schema.ts";
import type { LineFormat, LinePart } from "../scan/line-format.ts";
import { NO_BYTES } from "./batch-writer.ts";
import { csvDialect, jsonDialect } from "./cell.ts";

const encoder = new TextEncoder();
const COMMA = encoder.encode(",");

/** Lines of NDJSON, as code writes them; `undefined` with columns that it cannot write. */
export function ndjsonLines(columns: readonly PlannedColumn[]): LineFormat | undefined {
  const cells = columns.map((column, i) => {
    const key = encoder.encode(`,${JSON.stringify(column.name)}:`);
    return cell(column, i, "json", key);
  });
  return lineFormat(cells, true);
}

/** The same for lines of CSV. */
export function csvLines(columns: readonly PlannedColumn[]): LineFormat | undefined {
  const cells = columns.map((column, i) => cell(column, i, "csv", NO_BYTES));
  const separated = cells.flatMap((part, i): (LinePart | undefined)[] =>
    i === 0 ? [part] : [{ kind: "literal", bytes: COMMA }, part],
  );
  return lineFormat(separated, false);
}

function lineFormat(
  parts: readonly (LinePart | undefined)[],
  isObject: boolean,
): LineFormat | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  return {
    parts: known,
    timeParts: 0,
    noTime: NO_BYTES,
    timeColumn: undefined,
    trims: false,
    isObject,
  };
}

function cell(
  { type, request }: PlannedColumn,
  column: number,
  dialect: "json" | "csv",
  before: Uint8Array,
): LinePart | undefined {
  // Lines of babeltrace2 are bytes, valid or not: what the formats make of them is theirs.
  if (type.kind === "list" || request.kind === "record") return undefined;
  if (type.kind !== "dictionary")
    return { kind: "cell", column, before, dialect, isJson: isJson(type) };
  const { text } = dialect === "json" ? jsonDialect : csvDialect;
  const paint = (name: string): Uint8Array => {
    const out = new Utf8Writer(before.length + 64);
    out.raw(before);
    text(encoder.encode(name), out);
    return out.bytes.slice(0, out.length);
  };
  return { kind: "name", column, paint, absent: NO_BYTES };
}

function isJson(type: ColumnType): boolean {
  return type.kind === "utf8" && type.content === "json";
}
