import { ByteWriter } from "./bytes.ts";
import { Control, type Memory, NO_RESULT, Op, Prefixed, ValueType } from "./opcodes.ts";

/** A place to branch to: the end of a block, or the beginning of a loop. */
export interface Label {
  /** How deep its block is nested; filled in when it is entered. */
  depth: number;
}

export type Local = number & { readonly kind?: "local" };

/** Writes what leaves one value on the stack; see `expression.ts`. */
export type Expression = (code: Code) => unknown;

/** A value: an expression, or what a local variable holds. */
export type Operand = Expression | Local;

/**
 * The code of one function, written instruction by instruction. Blocks are written by callbacks and branches name labels,
 * so that nesting is always right; operands are the caller's care.
 */
export class Code {
  readonly #writer = new ByteWriter();
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;
  #depth = 0;

  /** @param parameters how many parameters the function has: they are its first locals */
  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** A fresh local variable, zero at first. */
  local(type: ValueType): Local {
    return this.#parameters + this.#locals.push(type) - 1;
  }

  /** Leaves a value on the stack. */
  push(value: Operand): this {
    if (typeof value === "number") return this.get(value);
    value(this);
    return this;
  }

  /** local := value */
  assign(local: Local, value: Operand): this {
    return this.push(value).set(local);
  }

  /** local += by */
  increase(local: Local, by: number | Expression): this {
    this.get(local);
    if (typeof by === "number") this.i32(by);
    else this.push(by);
    return this.op(Op.i32Add).set(local);
  }

  /** Stores a value at an address plus a constant offset. */
  store(instruction: Memory, address: Operand, value: Operand, offset = 0): this {
    return this.push(address).push(value).memory(instruction, offset);
  }

  /** Runs `then` if a value is not 0, else `otherwise`. */
  when(condition: Operand, then: () => void, otherwise?: () => void): this {
    return this.push(condition).if(then, otherwise);
  }

  /** Runs `body` again and again, until a condition that is looked at before holds. */
  until(isDone: Operand, body: (done: Label) => void): this {
    return this.block((done) => {
      this.loop((again) => {
        this.push(isDone).brIf(done);
        body(done);
        this.br(again);
      });
    });
  }

  /** Leaves the function with a value. */
  answer(value: Operand): this {
    return this.push(value).op(Op.return);
  }

  op(...ops: Op[]): this {
    for (const op of ops) this.#writer.byte(op);
    return this;
  }

  get(local: Local): this {
    this.#writer.byte(Control.localGet).unsigned(local);
    return this;
  }

  set(local: Local): this {
    this.#writer.byte(Control.localSet).unsigned(local);
    return this;
  }

  /** Sets and keeps the value on the stack. */
  tee(local: Local): this {
    this.#writer.byte(Control.localTee).unsigned(local);
    return this;
  }

  /** The value of a global that the module imports, by its number. */
  global(index: number): this {
    this.#writer.byte(Control.globalGet).unsigned(index);
    return this;
  }

  i32(value: number): this {
    this.#writer.byte(Control.i32Const).signed(value);
    return this;
  }

  i64(value: bigint): this {
    this.#writer.byte(Control.i64Const).signed64(value);
    return this;
  }

  f64(value: number): this {
    this.#writer.byte(Control.f64Const).float64(value);
    return this;
  }

  /** A load or store at the address on the stack plus `offset`. No alignment is promised. */
  memory(instruction: Memory, offset = 0): this {
    this.#writer.byte(instruction).unsigned(0).unsigned(offset);
    return this;
  }

  memoryCopy(): this {
    this.#writer.byte(Control.prefix).unsigned(Prefixed.memoryCopy).byte(0).byte(0);
    return this;
  }

  memoryFill(): this {
    this.#writer.byte(Control.prefix).unsigned(Prefixed.memoryFill).byte(0);
    return this;
  }

  /** f64 → i64, saturating; NaN is 0. */
  truncateToI64(): this {
    this.#writer.byte(Control.prefix).unsigned(Prefixed.i64TruncSatF64S);
    return this;
  }

  call(functionIndex: number): this {
    this.#writer.byte(Control.call).unsigned(functionIndex);
    return this;
  }

  /** Calls the function whose table entry is on the stack. */
  callIndirect(typeIndex: number): this {
    this.#writer.byte(Control.callIndirect).unsigned(typeIndex).byte(0);
    return this;
  }

  /** Runs `body`; a branch to the label leaves it. */
  block(body: (end: Label) => void, result: ValueType | typeof NO_RESULT = NO_RESULT): this {
    return this.#nested(Control.block, body, result);
  }

  /** Runs `body`; a branch to the label begins it anew, otherwise it ends. */
  loop(body: (again: Label) => void, result: ValueType | typeof NO_RESULT = NO_RESULT): this {
    return this.#nested(Control.loop, body, result);
  }

  /** Runs one of the two by the i32 on the stack. */
  if(
    then: () => void,
    otherwise?: () => void,
    result: ValueType | typeof NO_RESULT = NO_RESULT,
  ): this {
    const both = (): void => {
      then();
      if (otherwise === undefined) return;
      this.#writer.byte(Control.else);
      otherwise();
    };
    return this.#nested(Control.if, both, result);
  }

  br(label: Label): this {
    this.#writer.byte(Control.br).unsigned(this.#depth - label.depth);
    return this;
  }

  brIf(label: Label): this {
    this.#writer.byte(Control.brIf).unsigned(this.#depth - label.depth);
    return this;
  }

  /** Runs case number `i32 on the stack`; each case ends with a branch of its own, or falls out behind the last. */
  switch(cases: readonly (() => void)[]): this {
    // The selector is needed inside the innermost block, where nothing from outside stands on the stack.
    const selector = this.local(ValueType.i32);
    this.set(selector);
    const nest = (remaining: number): void => {
      if (remaining === 0) {
        this.get(selector);
        this.#writer.byte(Control.brTable).unsigned(cases.length - 1);
        for (let i = 0; i < cases.length; i++) this.#writer.unsigned(i);
        return;
      }
      // The end of block number i is where case i begins.
      this.block(() => nest(remaining - 1));
      cases[remaining - 1]!();
    };
    nest(cases.length);
    return this;
  }

  /** The function body: locals, instructions, end. */
  body(): Uint8Array {
    const out = new ByteWriter();
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    out.unsigned(groups.length);
    for (const { type, count } of groups) out.unsigned(count).byte(type);
    return out.bytes(this.#writer.view()).byte(Control.end).view().slice();
  }

  #nested(instruction: number, body: (label: Label) => void, result: number): this {
    this.#writer.byte(instruction).byte(result);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#writer.byte(Control.end);
    return this;
  }
}
