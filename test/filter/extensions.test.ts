import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Member, VariantClass } from "../../src/ctf/trace-class.ts";
import type { LinkedProgram } from "../../src/filter/bytecode.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { FilterInterpreter } from "../../src/filter/interpret.ts";
import { type LinkEnvironment, link } from "../../src/filter/link.ts";
import {
  float,
  integer,
  LAB,
  labRecord,
  labWith,
  NO_TIME,
  structure,
  TIME_OF_FIRST,
} from "./lab-event.ts";

const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const test = suite("filter/extensions");

test("lets an absent optional field make only its comparison false", () => {
  assert.equal(matches("nofield? == 1 || k == 1"), [1]);
  assert.equal(matches("nofield == 1 || k == 1"), []);
  assert.equal(matches("!(nofield? == 1) && k == 1"), [1]);
  assert.equal(matches("(nofield? == 1) == 0 && k < 2"), [0, 1]);
  assert.equal(matches("(nofield? & 4) == 0 || k == 3"), [3]);
  assert.equal(matches('nofield? == "a*" || s == "abc"'), [2]);
  assert.equal(matches('nofield? in ("a*", "b") || k == 2'), [2]);
  assert.equal(matches("k == 1 || 3 == -nofield?"), [1]);
  assert.equal(matches("k in (1, nofield?)"), []);
  assert.equal(matches("$ctx.nope? == 1 || $event.loglevel == 13"), ALL);
});

test("takes a bare optional field for a test that is false where it is absent", () => {
  assert.equal(matches("nofield?"), []);
  assert.equal(matches("nofield? || k == 4"), [4]);
  assert.equal(matches("!nofield?"), ALL);
  assert.equal(matches("-nofield? || k == 4"), [4]);
  assert.equal(matches("nofield? & 1 || k == 4"), [4]);
  assert.equal(matches("k? && k < 3"), [1, 2]);
  assert.equal(matches("!k?"), [0]);
});

test("keeps a type clash of an optional field fatal", () => {
  assert.is(linked('k? == "a" || k == 1').verdict, "never");
  assert.is(linked("nofield? == nothere || k == 1").verdict, "never");
});

test("takes an optional element outside a dynamic array for absent", () => {
  assert.equal(matches("sq[100]? == 3 || k == 1"), [1]);
  assert.equal(matches("sq[100] == 3 || k == 1"), []);
  assert.equal(matches("ai[3]? == 3 || k == 1"), [1]);
  assert.equal(matches("sq[2]? == 3"), ALL);
});

test("folds facts of the event and its trace", () => {
  assert.is(linked('$event.name == "lab:*"').verdict, "always");
  assert.is(linked('$event.name == "lab:other"').verdict, "never");
  assert.is(linked('$event.name == "*v" && $event.loglevel <= 13').verdict, "always");
  assert.is(linked('$event.domain == "kernel" && k == 1').verdict, "never");
  assert.is(linked('$trace.hostname == "lab-*" && $trace.name == "lab"').verdict, "always");
  assert.equal(matches('$event.name == "lab:ev" && k == 1'), [1]);
  assert.is(linked('$event.name == "lab:ev" && k == 1').fields.length, 1);
  assert.equal(matches("$event.cpu_id == 1 && k == 2"), [2]);
});

test("compares the time of the record, as a signed 64-bit integer of ns", () => {
  assert.equal(matches(`$event.timestamp == ${TIME_OF_FIRST + 3n}`), [3]);
  assert.equal(matches(`$event.timestamp? >= ${TIME_OF_FIRST + 8n} && k > 0`), [8, 9]);
  assert.equal(matches("$event.timestamp"), ALL);
  const env = { ...LAB, streamClass: { ...LAB.streamClass, clock: undefined } };
  assert.is(link(compileFilter("$event.timestamp > 0"), env).verdict, "never");
  assert.is(link(compileFilter("!($event.timestamp? > 0)"), env).verdict, "always");
});

test("finds no log level in an event class without one", () => {
  const { logLevel: _, ...rest } = LAB.eventClass;
  const env = { ...LAB, eventClass: { ...rest, logLevel: undefined } };
  assert.is(link(compileFilter("$event.loglevel < 9"), env).verdict, "never");
  assert.is(link(compileFilter("!($event.loglevel? < 9)"), env).verdict, "always");
});

test("treats `in` as equality with one of a list", () => {
  assert.equal(matches("k in (1, 3, 0x5)"), [1, 3, 5]);
  assert.equal(matches('s in ("a*", "f*r")'), [1, 2, 4, 5, 9]);
  assert.equal(matches("(k & 3) in (1)"), [1, 5, 9]);
  assert.equal(matches("!(k in (1, 2))"), [0, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(matches("k in (1, 2.0, -neg) == 1 && k < 4"), [1, 2]);
  assert.equal(matches("f64 in (2.5, 4.5)"), [0, 2]);
  assert.equal(matches('"abc" in (s, "x")'), [2]);
});

test("reads units as plain integers", () => {
  assert.is(
    linked("5ms == 5000000 && 10us == 10000 && 2s == 2000000000 && 7ns == 7").verdict,
    "always",
  );
  assert.is(linked("1min == 60s && 2h == 120min && 0s == 0").verdict, "always");
  assert.is(
    linked("64KiB == 65536 && 1MiB == 1048576 && 1GiB == 1 << 30 && 1TiB == 1 << 40 && 3B == 3")
      .verdict,
    "always",
  );
});

// --- variants

const options: VariantClass = {
  kind: "variant",
  align: 1,
  selectorSlot: 0,
  selectorSigned: false,
  options: [
    { name: "_none", ranges: [], fieldClass: structure([]) },
    { name: "_int32", ranges: [], fieldClass: integer(32, true) },
    { name: "_double", ranges: [], fieldClass: float(64) },
    { name: "_string", ranges: [], fieldClass: { kind: "string", align: 8, encoding: "utf-8" } },
  ],
};
const members: readonly Member[] = [
  { name: "k", fieldClass: integer(32, true) },
  { name: "v", fieldClass: options },
];
const withVariant = labWith(members, [{ name: "_app_prov_type", fieldClass: options }]);

/** Whether a filter selects the record whose variant has the given value; `k` is 1. */
function selects(expr: string, value: number | string | undefined, isFloat = false): boolean {
  const program = link(compileFilter(expr), withVariant);
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setInt32(1, 1, true);
  if (typeof value === "string") new TextEncoder().encodeInto(value, bytes.subarray(16));
  else if (isFloat) view.setFloat64(16, value ?? 0, true);
  else view.setInt32(16, value ?? 0, true);
  const present = value === undefined ? 0 : typeof value === "string" ? 3 : isFloat ? 2 : 1;
  const bitOffsets = Int32Array.from(program.fields, ({ path }) =>
    path.length === 1 ? 8 : path[1] === present ? 128 : -1,
  );
  const lengths = Int32Array.from(program.fields, () => String(value).length);
  return new FilterInterpreter(program).matches({ bytes, bitOffsets, lengths, ...NO_TIME });
}

test("compares a variant by the option that the record has", () => {
  for (const name of ["v", "$app.prov:type"]) {
    assert.ok(selects(`${name} == 7`, 7));
    assert.ok(selects(`-7 == -${name}`, 7));
    assert.not(selects(`${name} == 7`, 8));
    assert.ok(selects(`${name} > 7`, 7.5, true));
    assert.ok(selects(`${name} == 7.5`, 7.5, true));
    assert.ok(selects(`${name} == "a*"`, "abc"));
    assert.ok(selects(`"a*c" == ${name}`, "abc"));
    assert.ok(selects(`${name} == "abc"`, "abc"));
    assert.ok(selects(`${name} == ${name}`, "abc"));
  }
});

test("rejects the record when a variant's type does not fit, if that is evaluated", () => {
  assert.not(selects("v == 7 || k == 1", "abc"));
  assert.not(selects('v != "a" || k == 1', 7));
  assert.ok(selects("k == 1 || v == 7", "abc"));
  assert.not(selects("v == 7 || k == 1", undefined));
  assert.not(selects("!v || k == 1", "abc"));
  assert.not(selects("(v & 1) == 1 || k == 1", 7.5, true));
  assert.ok(selects("k == 1 || $app.nobody:nothing == 1", 7));
  assert.not(selects("$app.nobody:nothing == 1 || k == 1", 7));
});

test("gives a variant's truth, negation and bits", () => {
  assert.ok(selects("v", 7));
  assert.not(selects("v", 7.5, true));
  assert.not(selects("v", "abc"));
  assert.ok(selects("v && k", 7.5, true));
  assert.not(selects("v && k", 0.5, true));
  assert.ok(selects("!v == 0", 7.5, true));
  assert.ok(selects("-v < -7", 7.5, true));
  assert.ok(selects("(v & 3) == 3 && (3 & v) == 3 && ~v == -8", 7));
});

test("lets an optional variant be absent", () => {
  assert.ok(selects("v? == 7 || k == 1", undefined));
  assert.ok(selects("v? == 7", 7));
  assert.not(selects("v? == 7 || k == 1", "abc"));
  assert.ok(selects("v?", 7));
  assert.not(selects("v?", undefined));
  assert.ok(selects("!v?", undefined));
  assert.ok(selects("$app.nobody:nothing? == 1 || k == 1", 7));
});

test("names one option of a variant by its path", () => {
  assert.ok(selects("v._int32 == 7", 7));
  assert.not(selects("v._int32 == 7 || k == 1", "abc"));
  assert.ok(selects("v._int32? == 7 || k == 1", "abc"));
  assert.ok(selects("v._int32? || k == 1", "abc"));
  assert.ok(selects('$app.prov:type._string == "abc"', "abc"));
  assert.is(link(compileFilter("v._none == 1"), withVariant).verdict, "never");
});

test("reaches members of nested structures", () => {
  const inner = structure([{ name: "c", fieldClass: integer(32, true) }]);
  const env = labWith([{ name: "a", fieldClass: structure([{ name: "b", fieldClass: inner }]) }]);
  const program = link(compileFilter("a.b.c == 5 && a->b->c < 6"), env);
  assert.equal(
    program.fields.map((field) => field.path),
    [[0, 0, 0]],
  );
  assert.match(reason("a.b == 5", env), "structure");
  assert.match(reason("a.x == 5", env), 'no field "a.x" in lab:ev');
});

test.run();

function linked(expr: string): LinkedProgram {
  return link(compileFilter(expr), LAB);
}

function reason(expr: string, env: LinkEnvironment): string {
  return link(compileFilter(expr), env).reason ?? "";
}

function matches(expr: string): readonly number[] {
  const program = linked(expr);
  const interpreter = new FilterInterpreter(program);
  return ALL.filter((k) => interpreter.matches(labRecord(program.fields, k)));
}
