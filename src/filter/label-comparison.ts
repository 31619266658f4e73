/**
 * Enumerations compared with labels: `state == "RUNNING"`. Per event class, labels become the ranges of values that they stand
 * for, and the comparison tests of the field's value. A tracer refuses such a comparison.
 */

import { eachMapping } from "../ctf/mappings.ts";
import type { IntegerClass, Mappings, Range } from "../ctf/trace-class.ts";
import type { CodeWriter } from "./code-writer.ts";
import { textMatches } from "./glob.ts";
import type { Integer } from "./literals.ts";
import type { TextConstant } from "./text-literal.ts";

/** An integer field with labels, and how to load it. */
export interface Labelled {
  readonly field: number;
  readonly fieldClass: IntegerClass;
}

/**
 * Writes code that leaves 1 where one of the labels that a text stands for is the field's, else 0; of flags, where one is set.
 * @returns why no record can have such a label
 */
export function putLabelComparison(
  out: CodeWriter,
  { field, fieldClass }: Labelled,
  text: TextConstant,
): string | undefined {
  const { mappings = [], form } = fieldClass;
  const ranges: Range[] = [];
  for (const { label, ranges: own } of eachMapping(mappings))
    if (textMatches(text, encoder.encode(label))) for (const range of own) ranges.push(range);
  if (ranges.length === 0) return missingLabel(mappings, text);
  if (form === "bit-map") {
    out.put("LOAD_FIELD_S64", field);
    out.putInteger(halves(bitsOf(ranges)));
    out.put("BIT_AND");
    out.putInteger(ZERO);
    out.put("NE_S64");
    return undefined;
  }
  for (const [i, range] of ranges.flatMap((one) => signedRanges(one, fieldClass)).entries()) {
    const jump = i === 0 ? undefined : out.putJump("OR");
    putRange(out, field, range);
    if (jump !== undefined) out.patch(jump);
  }
  return undefined;
}

function putRange(out: CodeWriter, field: number, { low, high }: Range): void {
  const put = (value: bigint, comparison: string): void => {
    out.put("LOAD_FIELD_S64", field);
    out.putInteger(halves(value));
    out.put(comparison);
  };
  if (low === high) {
    put(low, "EQ_S64");
    return;
  }
  put(low, "GE_S64");
  const jump = out.putJump("AND");
  put(high, "LE_S64");
  out.patch(jump);
}

const SIGN = 1n << 63n;

/** A range in the order of signed 64-bit integers, in which fields are compared. */
function signedRanges({ low, high }: Range, { signed }: IntegerClass): readonly Range[] {
  if (signed || high < SIGN) return [{ low, high }];
  const wrapped = (value: bigint): bigint => BigInt.asIntN(64, value);
  if (low >= SIGN) return [{ low: wrapped(low), high: wrapped(high) }];
  return [
    { low, high: SIGN - 1n },
    { low: -SIGN, high: wrapped(high) },
  ];
}

/** The flags' bits. */
function bitsOf(ranges: readonly Range[]): bigint {
  let bits = 0n;
  for (const { low, high } of ranges)
    for (let bit = low; bit <= high && bit < 64n; bit++) bits |= 1n << bit;
  return bits;
}

const MOST_LISTED = 8;

function missingLabel(mappings: Mappings, text: TextConstant): string {
  const labels: string[] = [];
  for (const { label } of eachMapping(mappings)) if (labels.push(label) > MOST_LISTED) break;
  const listed = labels.slice(0, MOST_LISTED).join(", ");
  const rest = labels.length > MOST_LISTED ? " …" : "";
  return `no label "${decoder.decode(text.raw)}", but ${listed}${rest}`;
}

const ZERO: Integer = { hi: 0, lo: 0 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function halves(value: bigint): Integer {
  return { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) };
}
