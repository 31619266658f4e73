import { readFileSync } from "node:fs";

/** One measured expression: what LTTng 2.13.9 did with it, and what the language means where the tracer errs. */
export interface MeasuredCase {
  readonly expr: string;
  readonly compile: "accept" | "reject";
  readonly matched_k?: readonly number[];
  readonly language_result?: readonly number[];
}

const file = new URL("../../../test/data/filter/cases.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly MeasuredCase[] };

/** Every measured case. */
export const MEASURED: readonly MeasuredCase[] = cases;

/** The records, by `k`, that the expression selects in its language's own meaning. */
export function expectedK({ language_result, matched_k }: MeasuredCase): readonly number[] {
  return language_result ?? matched_k ?? [];
}
