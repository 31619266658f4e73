import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LinkedProgram, Program } from "../../src/filter/bytecode.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { disassemble } from "../../src/filter/disassemble.ts";
import { link } from "../../src/filter/link.ts";
import { OPCODE_NAMES, OPCODES, opcode } from "../../src/filter/opcodes.ts";
import { validateLinked, validateProgram } from "../../src/filter/validate.ts";
import { LAB } from "./lab-event.ts";

const test = suite("filter/opcodes");

test("has one number for each name", () => {
  assert.is(new Set([...OPCODES.values()].map(({ number }) => number)).size, OPCODES.size);
  for (const [name, { number }] of OPCODES) assert.is(OPCODE_NAMES[number], name);
});

test("labels the interpreter's cases with the numbers of the table", () => {
  const source = readFileSync(new URL("../../src/filter/interpret.js", import.meta.url), "utf8");
  const labels = [...source.matchAll(/case (\d+):\s*\{?\s*\/\/ (\w+)/g)];
  for (const [, number, name] of labels) assert.is(OPCODE_NAMES[Number(number)], name);
  const linkedStage = [...OPCODES].filter(([, { stage }]) => stage !== "generic");
  assert.equal(labels.map(([, , name]) => name).sort(), linkedStage.map(([name]) => name).sort());
});

test("disassembles what explain shows", () => {
  const program = compileFilter('k > 1 && s == "a*b"');
  const lines = [
    "0000  LOAD_SYMBOL           0        ; k",
    "0002  LOAD_S64              0        ; 1",
    "0004  GT",
    "0005  AND                   12",
    "0007  LOAD_SYMBOL           1        ; s",
    '0009  LOAD_STRING           0        ; "a*b"',
    "0011  EQ",
    "0012  RETURN",
  ];
  assert.is(disassemble(program), lines.join("\n"));
  const linked = disassemble(link(program, LAB));
  assert.match(linked, /LOAD_FIELD_S64 +0 +; payload 0/);
  assert.match(linked, /EQ_STAR_GLOB_STRING +0 +; "a\*b"/);
});

test("validates what it compiles and links, with the depth that it needs", () => {
  for (const text of [
    "k",
    "1 == (1 == (k == (k | 2)))",
    "k? && sq[9]? == 3 || s in ('a', 'b*c')",
    "!f64 || f64 && k",
  ]) {
    const program = compileFilter(text);
    validateProgram(program);
    validateLinked(link(program, LAB));
  }
  assert.is(validateLinked(link(compileFilter("k == (k == (k == k))"), LAB)), 4);
});

test("rejects code that is not well formed", () => {
  const program = compileFilter("k == 1 && neg");
  const linked = link(program, LAB);
  const bad = (words: readonly number[]): void => {
    assert.throws(() => validateLinked({ ...linked, code: Int32Array.from(words) }), /filter code/);
  };
  const [load, one, eq, and, end] = ["LOAD_FIELD_S64", "LOAD_S64", "EQ_S64", "AND", "RETURN"].map(
    opcode,
  ) as [number, number, number, number, number];
  bad([]);
  bad([load, 0]);
  bad([load, 99, end]);
  bad([load, -1, end]);
  bad([one, 7, end]);
  bad([eq, end]);
  bad([end]);
  bad([3, end]);
  bad([opcode("LOAD_SYMBOL"), 0, end]);
  bad([load, 0, and, 0, load, 0, end]);
  bad([load, 0, and, 5, load, 0, end]);
  bad([load, 0, and, 7, load, 0, end]);
  bad([load, 0, and, 6, load, 0, one, 0, end]);
  bad([load, 0, end, load, 0, end]);
  bad([load]);
  bad([opcode("LOAD_FIELD_DOUBLE"), 0, end]);
  bad([load, 0, opcode("COMPARE_DYNAMIC"), 9, 0, 0, end]);
});

test("never makes a program that its validator refuses", () => {
  // Each word of a good program replaced by small numbers: the validator decides, and never runs away.
  const program: Program = compileFilter("k? == 1 && neg || s == 'a'");
  const linked: LinkedProgram = link(program, LAB);
  for (let at = 0; at < linked.code.length; at++) {
    for (let word = -2; word < 120; word++) {
      const code = linked.code.slice();
      code[at] = word;
      try {
        validateLinked({ ...linked, code });
      } catch (error) {
        assert.instance(error, RangeError);
      }
    }
  }
});

test.run();
