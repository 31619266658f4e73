/** Whether LTTng's own compiler takes an expression, and whether its tracers then make of it what we do. */
import type { Span } from "../base/text.ts";
import { globalName, type Reference, stepsOf } from "./ast.ts";
import type { Program } from "./bytecode.ts";
import { unitOf } from "./literals.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";
import { pendingOperands } from "./tracer-defects.ts";
import { nodesOf } from "./walk.ts";

/** Something that LTTng treats differently. */
export interface PortabilityRemark extends Span {
  /**
   * `refused`: `lttng enable-event --filter` fails. `never matches`: it succeeds, and no event passes. `differs`: a defect
   * of the tracers makes other events pass.
   */
  readonly effect: "refused" | "never matches" | "differs";
  readonly message: string;
}

/** Whether `lttng enable-event --filter` accepts the expression. */
export function isPortable(program: Program): boolean {
  return !portability(program).some((remark) => remark.effect === "refused");
}

/** Where an expression leaves the language of LTTng 2.13.9, in the order of the text. */
export function portability(program: Program): readonly PortabilityRemark[] {
  const remarks: PortabilityRemark[] = [];
  for (const node of nodesOf(program.ast)) {
    const { start, end } = node;
    if (node.kind === "in") remarks.push(refused("`in` is an extension", { start, end }));
    if (node.kind === "integer" && unitOf(node.text) !== undefined) {
      remarks.push(refused(`the unit in ${node.text} is an extension`, node));
    }
    if (node.kind === "reference") remarks.push(...referenceRemarks(node));
  }
  if (program.containers !== undefined) {
    const at = program.text.indexOf("$container");
    const span = { start: at, end: at + "$container".length };
    remarks.push(refused("$container is an extension", span));
  }
  remarks.push(...limitRemarks(program));
  return remarks.sort((a, b) => a.start - b.start);
}

function referenceRemarks(node: Reference): readonly PortabilityRemark[] {
  const steps = stepsOf(node);
  const root = (steps[0] && globalName(steps[0])) ?? "";
  const remarks: PortabilityRemark[] = [];
  const quoted = steps.find(({ isQuoted }) => isQuoted);
  if (quoted !== undefined)
    remarks.push(refused("names between backquotes are an extension", quoted));
  if (node.optional) remarks.push(refused("the optional mark ? is an extension", node));
  if (root.startsWith("$") && root !== "$ctx" && root !== "$app") {
    remarks.push(refused(`${root} is an extension`, node));
  } else if (steps.length > (root.startsWith("$") ? 2 : 1)) {
    remarks.push(neverMatches("nested fields do not resolve in LTTng's tracers", node));
  }
  return remarks;
}

/** LTTng's interpreter has eight usable stack entries, and its compiler stops at 64 KiB of bytecode. */
const MAX_OPERANDS = 8;
const MAX_BYTECODE = 65_536;
/** struct lttng_bytecode with its padding, in front of the instructions (bytecode.h). */
const BYTECODE_HEADER = 48;

function limitRemarks(program: Program): readonly PortabilityRemark[] {
  const span = { start: 0, end: program.text.length };
  const remarks: PortabilityRemark[] = [];
  if (BYTECODE_HEADER + tracerBytes(program) > MAX_BYTECODE) {
    remarks.push(refused("the expression exceeds LTTng's limit of 64 KiB of bytecode", span));
  }
  if (pendingOperands(program.ast) > MAX_OPERANDS) {
    remarks.push(
      neverMatches(
        "more than 8 operands wait for each other, which LTTng's tracers cannot hold",
        span,
      ),
    );
  }
  return remarks;
}

/** Bytes of LTTng's instructions and relocation table for the same expression. */
function tracerBytes(program: Program): number {
  let bytes = 0;
  for (let at = 0; at < program.code.length; ) {
    const name = OPCODE_NAMES[program.code[at]!] ?? "";
    bytes += instructionBytes(program, name, program.code[at + 1] ?? 0);
    at += 1 + (OPCODES.get(name)?.operands.length ?? 0);
  }
  return bytes;
}

function instructionBytes(program: Program, name: string, operand: number): number {
  switch (name) {
    case "LOAD_S64":
    case "LOAD_DOUBLE":
      return 9;
    case "LOAD_STRING":
      return 2 + (program.texts[operand]?.raw.length ?? 0);
    case "LOAD_SYMBOL": {
      // The symbol stands once more, with offset and NUL, in the relocation table.
      const { text, indexes } = program.symbols[operand]!;
      return 3 + 2 + text.length + 1 + (indexes.length > 0 ? 11 : 0);
    }
    case "AND":
    case "OR":
      return 3;
    default:
      return 1;
  }
}

function refused(message: string, { start, end }: Span): PortabilityRemark {
  return { effect: "refused", message, start, end };
}

function neverMatches(message: string, { start, end }: Span): PortabilityRemark {
  return { effect: "never matches", message, start, end };
}
