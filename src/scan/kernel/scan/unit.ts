import { Code, type Expression, type Operand } from "../../../wasm/code.ts";
import { int } from "../../../wasm/expression.ts";
import { type FunctionType, ModuleBuilder } from "../../../wasm/module.ts";
import { ValueType } from "../../../wasm/opcodes.ts";
import { instantiate, type WasmFunction } from "../../../wasm/runtime.ts";
import { Arena } from "../memory/arena.ts";
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
const VISIBLE_FUNCTION: FunctionType = { parameters: [i32, i32, i32], results: [i32] };
const CLOCK_FUNCTION: FunctionType = { parameters: [f64, i32], results: [] };

/** A helper is written into each unit that calls it, once: calls inside a module are the cheap ones. */
export type Helper = { readonly type: FunctionType; readonly body: (unit: Unit) => Uint8Array };

/** One module under construction, on a kernel's memory. */
export class Unit {
  readonly memory: KernelMemory;
  readonly #arena: Arena;
  readonly module: ModuleBuilder = new ModuleBuilder();
  readonly #helpers = new Map<Helper, number>();
  /** Functions of the host. */
  readonly floatFunction: number;
  readonly labelFunction: number;
  readonly clockFunction: number;
  readonly visibleFunction: number;

  /** @param arena where its literals lie, and the functions that it calls by number */
  constructor(memory: KernelMemory, arena: Arena = new Arena(memory)) {
    this.memory = memory;
    this.#arena = arena;
    this.module.importMemory("kernel", "memory", 1, memory.isShared ? MAX_PAGES : undefined);
    this.module.importTable("kernel", "table", 0);
    this.floatFunction = this.module.importFunction("kernel", "float", FLOAT_FUNCTION);
    this.labelFunction = this.module.importFunction("kernel", "labels", LABEL_FUNCTION);
    this.clockFunction = this.module.importFunction("kernel", "clock", CLOCK_FUNCTION);
    this.visibleFunction = this.module.importFunction("kernel", "visible", VISIBLE_FUNCTION);
  }

  /** Address that the offsets of `State` count from. */
  get state(): Expression {
    return int(this.memory.state);
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

  /** Address of these bytes. */
  literal(bytes: Uint8Array): Expression {
    return int(this.#arena.literal(bytes));
  }

  /** Code for a function with so many parameters. */
  code(parameters: number): Code {
    return new Code(parameters);
  }

  /** Compiles, and gives the exports. */
  instantiate(): Readonly<Record<string, WasmFunction>> {
    const { memory, imports } = this.memory;
    const { table } = this.#arena;
    // Helpers that helpers call join the map while it is gone through.
    for (const [helper, index] of this.#helpers) this.module.define(index, helper.body(this));
    return instantiate(this.module.bytes(), { kernel: { memory, table, ...imports } });
  }
}
