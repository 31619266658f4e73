/**
 * Units kept between runs of the program: to plan and emit the code of a kernel's event classes takes longer than to run it over
 * a hundred thousand records, and people ask the same of traces with the same classes again.
 */

import { KeptValues, type ValueKind } from "../../../base/kept-values.ts";
import type { Parameter } from "../../../filter/linked-parameter.ts";
import { cachedModule, moduleBytes } from "../../../wasm/module-cache.ts";
import type { EmittedUnit, ShapeCode, UnitKey } from "./emitted-unit.ts";
import { textOf } from "./numbered-texts.ts";

/** Units of fewer shapes are made as quickly. */
const WORTH_SHAPES = 8;
/** A thread keeps so many: what is asked of a server for hours is no start. */
const MOST_WRITTEN = 8;

/** "TWU1" */
const KIND: ValueKind = { prefix: "units-", magic: 0x31555754, mostFiles: 64 };

interface StoredUnit {
  /** The module; undefined where no shape needs code. */
  readonly code: Uint8Array<ArrayBuffer> | undefined;
  readonly literals: Uint8Array;
  readonly parameters: readonly Parameter[];
  /** In the order of the key. */
  readonly shapes: readonly ShapeCode[];
}

let written = 0;

/** A unit of an earlier run, or a new one, which is kept for the next. */
export function storedUnit(key: UnitKey, emit: () => EmittedUnit): EmittedUnit {
  if (key.shapes.length < WORTH_SHAPES) return emit();
  const values = KeptValues.open<StoredUnit>(KIND);
  const text = values && lastingText(key);
  if (values === undefined || text === undefined) return emit();
  const stored = values.read(text);
  if (stored !== undefined) return unitOf(stored, key);
  const unit = emit();
  if (written++ < MOST_WRITTEN) values.write(text, toStore(unit));
  return unit;
}

/** The key without numbers of this thread; undefined where a text was forgotten. */
function lastingText({ query, withLoop, frequency, stream, shapes }: UnitKey): string | undefined {
  const common = [textOf(query), textOf(stream)];
  const parts = shapes.map((shape) => {
    const number = Number.parseInt(shape, 10);
    return [textOf(Math.abs(number)), shape.replace(/^(-?)\d+/, "$1")];
  });
  if (common.includes(undefined) || parts.some(([text]) => text === undefined)) return undefined;
  return JSON.stringify([withLoop, `${frequency}`, common, parts]);
}

function unitOf({ code, literals, parameters, shapes }: StoredUnit, key: UnitKey): EmittedUnit {
  const module = code && { module: cachedModule(code), bytes: code.length, literals, parameters };
  return { compiled: module, shapes: new Map(key.shapes.map((shape, i) => [shape, shapes[i]!])) };
}

function toStore({ compiled, shapes }: EmittedUnit): StoredUnit {
  return {
    code: compiled && moduleBytes(compiled.module),
    literals: compiled?.literals ?? new Uint8Array(),
    parameters: compiled?.parameters ?? [],
    shapes: [...shapes.values()],
  };
}
