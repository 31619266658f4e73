/** Mutated metadata and mutated streams: typed errors only, no hang, and both executors agree. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MetadataError } from "../../src/base/errors.ts";
import { MetadataReader } from "../../src/ctf/metadata.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { random } from "../support/random.ts";
import { PROJECT } from "../support/traces.ts";
import { packetized } from "../support/tsdl.ts";
import { bytesOf, metadataBytes, parseGolden, scanAll } from "./golden.ts";

const test = suite("ctf/fuzz");

/** `LONG=20 npm test` runs twenty times as many cases. */
const FACTOR = Number(process.env["LONG"] ?? 1);
const METADATA_CASES = 30_000 * FACTOR;
const STREAM_CASES = 20_000 * FACTOR;

type Next = (below: number) => number;

const FOLDER = join(PROJECT, "test/ctf/golden");
const seeds = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => {
    const file = parseGolden(readFileSync(join(FOLDER, name), "utf8"));
    return { name, metadata: metadataBytes(file.metadata), bytes: bytesOf(file.bytes) };
  });

const encoder = new TextEncoder();

/** What tears at the seams of either language. */
const TOKENS = [
  ..."0 1 8 64 65 -1 255 18446744073709551615 18446744073709551616 9223372036854775808 -9223372036854775809 1e9 0x".split(
    " ",
  ),
  ..."{ } [ ] ( ) < > ; , : := = . ... * \" ' / /* */ // \\ \\u \x1e \0 \n".split(" "),
  ...'struct variant enum integer string typealias typedef event stream trace clock env align null true "type" "length" "path" "origin" "roles"'.split(
    " ",
  ),
  "\xff\xfe",
  "é\u{1f600}",
].map((token) => encoder.encode(token));

/** One to four changes: bits, cuts, repeats, tokens, pieces of another seed. */
function mutated(bytes: Uint8Array, other: Uint8Array, next: Next): Uint8Array {
  let out = Array.from(bytes);
  for (let n = 1 + next(4); n > 0; n--) {
    const at = next(out.length + 1);
    const length = 1 + next(next(4) === 0 ? 200 : 8);
    switch (next(7)) {
      case 0:
        if (at < out.length) out[at] = out[at]! ^ (1 << next(8));
        break;
      case 1:
        if (at < out.length) out[at] = [0, 255, 127, 128, next(256)][next(5)]!;
        break;
      case 2:
        out.splice(at, length);
        break;
      case 3:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      case 4:
        out.splice(at, next(2) * length, ...TOKENS[next(TOKENS.length)]!);
        break;
      case 5: {
        const from = next(other.length + 1);
        out.splice(at, next(2) * length, ...other.subarray(from, from + length * 4));
        break;
      }
      default:
        out = out.slice(0, at);
        break;
    }
  }
  return Uint8Array.from(out);
}

/** The trace class, `undefined` if there is none yet; anything but a MetadataError fails the test. */
function parse(bytes: Uint8Array, next: Next): TraceClass | undefined {
  const reader = new MetadataReader();
  try {
    // Live metadata come in pieces.
    const cut = next(3) === 0 ? next(bytes.length + 1) : bytes.length;
    reader.append(bytes.subarray(0, cut));
    reader.append(bytes.subarray(cut));
    return reader.traceClass;
  } catch (error) {
    if (error instanceof MetadataError) return reader.traceClass;
    throw error;
  }
}

/** Runs a case; what it was is printed if it breaks. */
function guarded(what: () => string, run: () => void): void {
  try {
    run();
  } catch (error) {
    console.log(what());
    throw error;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("mutated metadata give a trace class or a typed error", () => {
  const next = random("ctf/fuzz metadata");
  let read = 0;
  for (let i = 0; i < METADATA_CASES; i++) {
    const { name, metadata, bytes } = seeds[next(seeds.length)]!;
    const isPacketized = next(8) === 0;
    const whole = isPacketized ? packetized(metadata, 38 + next(200), next(2) === 1) : metadata;
    const text = mutated(whole, seeds[next(seeds.length)]!.metadata, next);
    guarded(
      () => `${name}: metadata ${hex(text)}`,
      () => {
        const traceClass = parse(text, next);
        if (traceClass === undefined) return;
        read++;
        const interpreted = scanAll(bytes, traceClass, "interpreter");
        if (next(20) === 0)
          assert.is(scanAll(bytes, traceClass, "kernel").all, interpreted.all, name);
      },
    );
  }
  assert.ok(read > METADATA_CASES / 10, `${read} were read`);
});

test("mutated streams give rows or a typed error, the same in both executors", () => {
  const next = random("ctf/fuzz streams");
  const streams = seeds.flatMap(({ name, metadata, bytes }) => {
    const traceClass = parse(metadata, () => 1);
    return traceClass === undefined || bytes.length === 0 ? [] : [{ name, traceClass, bytes }];
  });
  const perStream = Math.ceil(STREAM_CASES / streams.length);
  for (const { name, traceClass, bytes } of streams) {
    for (let i = 0; i < perStream; i++) {
      const packet = mutated(bytes, streams[next(streams.length)]!.bytes, next);
      guarded(
        () => `${name}: bytes ${hex(packet)}`,
        () => {
          const interpreted = scanAll(packet, traceClass, "interpreter");
          if (i % 10 === 0)
            assert.is(scanAll(packet, traceClass, "kernel").all, interpreted.all, name);
        },
      );
    }
  }
});

/** Deep and wide metadata, in both languages. */
const HUGE: readonly (readonly [string, string])[] = [
  ["2 000 structures in one another", tsdl("struct { ".repeat(2000))],
  [
    "2 000 structures, closed",
    tsdl(`${"struct { ".repeat(2000)} u8 a; ${"} s; ".repeat(1999)} } s;`),
  ],
  [
    "2 000 aliases of one another",
    tsdl(
      `${Array.from({ length: 2000 }, (_, i) => `typedef struct { t${i} a; } t${i + 1};`).join(" ")} t2000 a;`,
      "typealias integer { size = 8; } := t0;",
    ),
  ],
  [
    "2^40 fields of forty aliases",
    tsdl(
      `${Array.from({ length: 40 }, (_, i) => `typedef struct { t${i} a, b; } t${i + 1};`).join(" ")} t40 a;`,
      "typealias integer { size = 8; } := t0;",
    ),
  ],
  ["200 dimensions", tsdl(`u8 a${"[2]".repeat(200)};`)],
  ["2 000 dimensions", tsdl(`u8 a${"[2]".repeat(2000)};`)],
  ["a length of 2^63", tsdl("u8 a[9223372036854775808];")],
  ["an array of 2^28 arrays of 2^28", tsdl("u8 a[268435456][268435456];")],
  ["a word of a million letters", tsdl(`${"x".repeat(1_000_000)} a;`)],
  ["a string of a million letters", `trace { byte_order = le; x = "${"x".repeat(1_000_000)}`],
  ["a comment without end", "/*".repeat(100_000)],
  ["100 000 brackets", `trace { byte_order = ${"[".repeat(100_000)}`],
  ["100 000 JSON arrays", `\x1e{"type":${"[".repeat(100_000)}`],
  ["100 000 JSON arrays, closed", `\x1e{"type":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  [
    "2 000 structures in one another, in CTF 2",
    ctf2(
      `${'{"type":"structure","member-classes":[{"name":"a","field-class":'.repeat(2000)}{"type":"structure"}${"}]}".repeat(2000)}`,
    ),
  ],
  [
    "2 000 optionals in one another",
    ctf2(
      `${'{"type":"optional","selector-field-location":{"path":["a"]},"field-class":'.repeat(2000)}{"type":"structure"}${"}".repeat(2000)}`,
    ),
  ],
  ["a static length of 2^63", ctf2('{"type":"static-length-blob","length":9223372036854775808}')],
];

function tsdl(fields: string, aliases = ""): string {
  return `trace { major = 1; minor = 8; byte_order = le; };\ntypealias integer { size = 8; } := u8; ${aliases}\nevent { name = "e"; fields := struct { ${fields} }; };\n`;
}

function ctf2(fieldClass: string): string {
  const member = `{"name":"a","field-class":${fieldClass}}`;
  return `\x1e{"type":"preamble","version":2}\x1e{"type":"data-stream-class"}\x1e{"type":"event-record-class","payload-field-class":{"type":"structure","member-classes":[${member}]}}`;
}

for (const [what, text] of HUGE) {
  test(`stands ${what}`, () => {
    const traceClass = parse(encoder.encode(text), () => 1);
    if (traceClass !== undefined)
      for (const engine of ["interpreter", "kernel"] as const)
        scanAll(new Uint8Array(64), traceClass, engine);
  });
}

test.run();
