/** The table that a `pair … then …` stage describes. */

import { globMatches } from "../base/glob.ts";
import type { ColumnType } from "../column/column.ts";
import { type ColumnRequest, columnRequest } from "../column/request.ts";
import { compileExpression } from "../filter/compile.ts";
import { PairedTable, type PairRole } from "../operators/tables/pairing.ts";
import { conditionOnEvents } from "./event-columns.ts";
import { wrongStage } from "./language-error.ts";
import { durationNs } from "./number-literals.ts";
import type { EventGlob, PairStage } from "./query-ast.ts";
import type { TableColumn, TableDefinition } from "./tables/definition.ts";

const TIME: ColumnType = { kind: "timestamp" };
const INT64: ColumnType = { kind: "number", number: "int64" };
const TEXT: ColumnType = { kind: "dictionary" };

/** How long an end is awaited where nothing else is said. */
const DEFAULT_WITHIN_NS = 60e9;

/** Without keys, begin and end are of one thread, as far as it is known. */
const THREAD: readonly ColumnRequest[] = ["vtid", "tid", "pid_ns"].map((name) => ({
  kind: "context",
  name,
  isOptional: true,
}));

const COLUMNS: readonly TableColumn[] = [
  { name: "timestamp", type: TIME, help: "when it began" },
  { name: "dt", type: INT64, unit: "ns", help: "how long it took" },
  { name: "pair", type: TEXT, help: "what the star stands for in both names" },
];

/** With the traced machine, as many as a key has room for. */
const MAX_BY = 15;

/** @throws FilterError `QUERY_STAGE` where the two names do not fit each other, or too many are asked for */
export function pairTable(stage: PairStage, text: string): TableDefinition {
  const { first, second, by, within } = stage;
  const stars = [first, second].map(({ glob }) => [...glob.matchAll(/\*/g)].length);
  if (stars[0] !== stars[1] || stars[0]! > 1)
    throw wrongStage(
      text,
      second,
      "pair",
      "expected no star in either name, or one in each, which stands for the same text",
    );
  const surplus = by[MAX_BY];
  if (surplus !== undefined)
    throw wrongStage(text, surplus, "pair", `expected at most ${MAX_BY} names after by`);
  const keys: readonly ColumnRequest[] =
    by.length === 0 ? THREAD : by.map((name) => columnRequest(name.text));
  const masks = [first, second].map((side) => maskOf(side, text));
  const needs: ColumnRequest[] = [{ kind: "event" }, { kind: "boot" }, ...keys];
  const [beginMask, endMask] = masks.map((mask) => mask && needs.push(mask) - 1);
  const role = roleOf(first.glob, second.glob);
  const withinNs =
    within === undefined ? DEFAULT_WITHIN_NS : Number(durationNs(within, "within", text));
  return {
    name: "pair",
    help: `from ${first.glob} to ${second.glob}`,
    columns: COLUMNS,
    shown: ["timestamp", "dt", "pair", ...by.map((name) => name.text)],
    hasFields: true,
    hasSides: true,
    isInterval: true,
    contextsFrom: "begin",
    events: () => [first.glob, second.glob],
    rowsNeed: [[first.glob], [second.glob]],
    needs: () => needs,
    open: (spec) =>
      new PairedTable(
        spec,
        {
          role,
          keys: [1, ...keys.map((_, i) => i + 2)],
          allowsAbsent: by.length === 0,
          beginMask,
          endMask,
          isExclusive: false,
          within: withinNs,
          countsLoneEnds: true,
          nameColumns: ["pair"],
        },
        0,
      ),
  };
}

function maskOf({ where }: EventGlob, text: string): ColumnRequest | undefined {
  if (where === undefined) return undefined;
  const program = compileExpression(conditionOnEvents(where), text);
  if (program.containers !== undefined)
    throw wrongStage(
      text,
      where,
      "pair",
      "expected a condition on the event; conditions on containers stand before the stages",
    );
  return { kind: "match", program };
}

function roleOf(first: string, second: string): (event: string) => PairRole | undefined {
  return (event) => {
    const [begin, end] = [starOf(first, event), starOf(second, event)];
    if (begin === undefined && end === undefined) return undefined;
    return { isBegin: begin !== undefined, isEnd: end !== undefined, name: begin ?? end! };
  };
}

/** What the star of a glob stands for in a name: "" where it has none; `undefined` if they do not match. */
function starOf(glob: string, name: string): string | undefined {
  if (!globMatches(glob, name)) return undefined;
  const star = glob.indexOf("*");
  if (star === -1) return "";
  return name.slice(star, name.length - (glob.length - star - 1));
}
