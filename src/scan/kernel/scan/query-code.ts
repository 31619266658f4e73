import type { PlannedColumn } from "../../../column/schema.ts";
import type { Program } from "../../../filter/bytecode.ts";
import { withParameters } from "../../../filter/parameters.ts";
import { programKey } from "../../../filter/program-key.ts";
import type { ScanSpec } from "../../scanner.ts";
import { numberOf } from "./numbered-texts.ts";

/** Queries, by their keys with texts left out, whose texts code must know. */
const knowingTexts = new Set<number>();
const MAX_KNOWING = 1024;

/** A query as its code sees it. Constants of the filter that no code need know are parameters: instances are given them. */
export class QueryCode {
  readonly #isShared: boolean;
  #spec: ScanSpec;
  #key: number;

  /** @param isShared whether its memory is one that threads share */
  constructor(spec: ScanSpec, isShared: boolean) {
    this.#isShared = isShared;
    this.#spec = withFilter(spec, true);
    this.#key = numberOf(queryKey(this.#spec, isShared));
    if (knowingTexts.has(this.#key)) this.#fixTexts();
  }

  get spec(): ScanSpec {
    return this.#spec;
  }

  /** Stands in keys for all of the query that code depends on, but for the names of events. */
  get key(): number {
    return this.#key;
  }

  /** From here on the filter's texts are part of the code: a `ConstantNeeded` said so. */
  fixTexts(): void {
    if (knowingTexts.size >= MAX_KNOWING) knowingTexts.clear();
    knowingTexts.add(this.#key);
    this.#fixTexts();
  }

  #fixTexts(): void {
    this.#spec = withFilter(this.#spec, false);
    this.#key = numberOf(queryKey(this.#spec, this.#isShared));
  }
}

function withFilter(spec: ScanSpec, withTexts: boolean): ScanSpec {
  const { filter } = spec;
  if (filter === undefined) return spec;
  const { parameterLoads, ...program } = filter;
  return { ...spec, filter: withParameters(program, withTexts) };
}

/** What a query begins and ends with is no part of the code. */
function queryKey(
  { filter, columns, begin, end, countsOnly = false }: ScanSpec,
  isShared: boolean,
): string {
  const bounds = [begin !== undefined, end !== undefined];
  const asked = columns.map(columnKey);
  return JSON.stringify([isShared, countsOnly, bounds, asked, filter && programKey(filter)]);
}

function columnKey({ type, nullable, request }: PlannedColumn): unknown {
  if (request.kind === "match")
    return { type, nullable, match: programKey(request.program as Program) };
  // Where a name stands in the query's text, and what the column is called, is for people.
  const { as, ...asked } = request;
  if (!("written" in asked)) return { type, nullable, asked };
  const { written, ...name } = asked;
  return { type, nullable, asked: name };
}
