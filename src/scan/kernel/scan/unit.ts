/** Modules under construction, and their instances: what code shares, and what differs from trace to trace and thread to thread. */

import { wordToBigInt } from "../../../base/bits.ts";
import type { Program } from "../../../filter/bytecode.ts";
import { type Parameter, parameterName } from "../../../filter/linked-parameter.ts";
import { parameterValue } from "../../../filter/parameters.ts";
import { Code, type Expression, type Operand } from "../../../wasm/code.ts";
import { add, int } from "../../../wasm/expression.ts";
import { type FunctionType, ModuleBuilder } from "../../../wasm/module.ts";
import { cachedModule } from "../../../wasm/module-cache.ts";
import { ValueType } from "../../../wasm/opcodes.ts";
import { instantiate, type WasmFunction, type WasmModule } from "../../../wasm/runtime.ts";
import type { Arena } from "../memory/arena.ts";
import { type KernelMemory, MAX_PAGES } from "../memory/memory.ts";

const { i32, i64, f64 } = ValueType;

/**
 * A function that walks, filters and appends one record: (first bit, class record, time in ns, address of the packet, chunk)
 * → bit after it, or a status.
 */
export const RECORD_FUNCTION: FunctionType = {
  parameters: [i32, i32, i64, i32, i32],
  results: [i32],
};

const FLOAT_FUNCTION: FunctionType = { parameters: [f64, i32, i32, i32], results: [i32] };
const LABEL_FUNCTION: FunctionType = { parameters: [i32, i32, i32, i32, i32], results: [i32] };
const TEXT_FUNCTION: FunctionType = { parameters: [i32, i32, i32, i32], results: [i32] };
const CLOCK_FUNCTION: FunctionType = { parameters: [f64, i32, i32], results: [] };

/** A helper is written into each unit that calls it, once: calls inside a module are the cheap ones. */
export type Helper = { readonly type: FunctionType; readonly body: (unit: Unit) => Uint8Array };

/** What differs between the instances of a module: where they work, and the clock of their trace. */
export interface InstanceFacts {
  readonly memory: KernelMemory;
  /** Where literals lie, and the functions that are called by number. */
  readonly arena: Arena;
  /** Region of the trace's slots; see `slotOffset`. */
  readonly slots?: number;
  /** Time of the stream's clock at 0, ns since the Unix epoch. */
  readonly clockOrigin?: bigint;
  /** Rows before and behind these times are left out, ns since the Unix epoch; code asks only where a query has them. */
  readonly begin?: bigint | undefined;
  readonly end?: bigint | undefined;
  /** Has the values of the parameters. */
  readonly filter?: Program | undefined;
}

/** A module with the literals that its code names, for any number of traces and threads. */
export interface CompiledUnit {
  readonly module: WasmModule;
  /** Of the module, as it was before it was compiled. */
  readonly bytes: number;
  readonly literals: Uint8Array;
  /** Constants of the query's filter that the module imports. */
  readonly parameters: readonly Parameter[];
}

/** Where a slot lies behind the beginning of the slots. The first place is free, so that 0 can stand for no slot. */
export function slotOffset(slot: number): number {
  return 8 * (slot + 1);
}

/** The slot that an offset means; -1 for 0. */
export function slotAt(offset: number): number {
  return offset / 8 - 1;
}

const PARAMETER_TYPES = { integer: i64, double: f64, text: i32 } as const;

function lengthName(name: string): string {
  return `${name} length`;
}

/** Zeros behind each literal. */
const LITERAL_SLACK = 16;

/**
 * One module under construction. It holds no address: where an instance's state, slots and literals lie come in as globals,
 * so that equal classes of many traces, in whatever thread, are one module.
 */
export class Unit {
  readonly module: ModuleBuilder = new ModuleBuilder();
  readonly #helpers = new Map<Helper, number>();
  readonly #literals: Uint8Array[] = [];
  readonly #parameters = new Map<string, Parameter>();
  readonly #globals = new Map<string, number>();
  #literalBytes = 0;
  /** Functions of the host. */
  readonly floatFunction: number;
  readonly labelFunction: number;
  readonly clockFunction: number;
  readonly textFunction: number;
  /** Address that the offsets of `State` count from. */
  readonly state: Expression;
  /** Address that `slotOffset` counts from. */
  readonly slots: Expression;
  /** Address that the offsets of `Digits` count from. */
  readonly digits: Expression;
  /** Time of the stream's clock at 0: i64, ns since the Unix epoch. */
  readonly clockOrigin: Expression;
  /** The query's bounds of time: i64, ns since the Unix epoch. A live query's begin is when it came: no part of the code. */
  readonly begin: Expression;
  readonly end: Expression;
  readonly #literalBase: Expression;

  /** @param isShared whether its memory is one that threads share */
  constructor(isShared: boolean) {
    const { module } = this;
    module.importMemory("kernel", "memory", 1, isShared ? MAX_PAGES : undefined);
    module.importTable("kernel", "table", 0);
    this.floatFunction = module.importFunction("kernel", "float", FLOAT_FUNCTION);
    this.labelFunction = module.importFunction("kernel", "labels", LABEL_FUNCTION);
    this.clockFunction = module.importFunction("kernel", "clock", CLOCK_FUNCTION);
    this.textFunction = module.importFunction("kernel", "text", TEXT_FUNCTION);
    this.state = this.#global("state", i32);
    this.slots = this.#global("slots", i32);
    this.digits = this.#global("digits", i32);
    this.clockOrigin = this.#global("clockOrigin", i64);
    this.begin = this.#global("begin", i64);
    this.end = this.#global("end", i64);
    this.#literalBase = this.#global("literals", i32);
  }

  #global(name: string, type: ValueType): Expression {
    let index = this.#globals.get(name);
    if (index === undefined) {
      index = this.module.importGlobal("kernel", name, type);
      this.#globals.set(name, index);
    }
    const global = index;
    return (code) => code.global(global);
  }

  /** The value of a parameter: of a text its address, or its length. */
  parameter(parameter: Parameter, isLength = false): Expression {
    const name = parameterName(parameter);
    this.#parameters.set(name, parameter);
    return this.#global(isLength ? lengthName(name) : name, PARAMETER_TYPES[parameter.kind]);
  }

  /** The number of a helper's function. Its body is written when the unit is compiled. */
  helper(helper: Helper): number {
    let index = this.#helpers.get(helper);
    if (index === undefined) {
      index = this.module.declare(helper.type);
      this.#helpers.set(helper, index);
    }
    return index;
  }

  /** Calls a helper. */
  call(helper: Helper, ...parameters: readonly Operand[]): Expression {
    return (code) => {
      for (const parameter of parameters) code.push(parameter);
      return code.call(this.helper(helper));
    };
  }

  /** Address of these bytes, which are followed by zeros. */
  literal(bytes: Uint8Array): Expression {
    const offset = this.#literalBytes;
    this.#literals.push(bytes);
    this.#literalBytes = (offset + bytes.length + LITERAL_SLACK + 15) & ~15;
    return offset === 0 ? this.#literalBase : add(this.#literalBase, int(offset));
  }

  /** Code for a function with so many parameters. */
  code(parameters: number): Code {
    return new Code(parameters);
  }

  compile(): CompiledUnit {
    // Helpers that helpers call join the map while it is gone through.
    for (const [helper, index] of this.#helpers) this.module.define(index, helper.body(this));
    const literals = new Uint8Array(this.#literalBytes);
    let at = 0;
    for (const bytes of this.#literals) {
      literals.set(bytes, at);
      at = (at + bytes.length + LITERAL_SLACK + 15) & ~15;
    }
    const bytes = this.module.bytes();
    const parameters = [...this.#parameters.values()];
    return { module: cachedModule(bytes), bytes: bytes.length, literals, parameters };
  }
}

/** Makes an instance of a unit, and gives its exports. */
export function instantiateUnit(
  { module, literals, parameters }: CompiledUnit,
  facts: InstanceFacts,
): Readonly<Record<string, WasmFunction>> {
  const { memory: kernelMemory, arena, filter } = facts;
  const { slots = 0, clockOrigin = 0n, begin = 0n, end = 0n } = facts;
  const { memory, imports, state, digits } = kernelMemory;
  const base = literals.length === 0 ? 0 : arena.literal(literals);
  const globals = { state, slots, digits, clockOrigin, begin, end, literals: base };
  const values = filter && parameterGlobals(parameters, filter, arena);
  const kernel = { memory, table: arena.table, ...imports, ...globals, ...values };
  return instantiate(module, { kernel });
}

/** The values of parameters as imports; texts go into the arena. */
function parameterGlobals(
  parameters: readonly Parameter[],
  filter: Program,
  arena: Arena,
): Readonly<Record<string, number | bigint>> {
  const globals: Record<string, number | bigint> = {};
  for (const parameter of parameters) {
    const name = parameterName(parameter);
    const value = parameterValue(filter, parameter);
    if (typeof value === "number") {
      globals[name] = value;
    } else if ("hi" in value) {
      globals[name] = wordToBigInt(value, true);
    } else {
      globals[name] = arena.literal(value.decoded);
      globals[lengthName(name)] = value.decoded.length;
    }
  }
  return globals;
}
