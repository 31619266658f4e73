import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MetadataError } from "../../src/base/errors.ts";
import { MetadataReader } from "../../src/ctf/metadata.ts";
import type { FieldClass, TraceClass } from "../../src/ctf/trace-class.ts";
import { eachCut, freshSeed, randomPieces, seededRandom } from "../support/splits.ts";
import { PROJECT } from "../support/traces.ts";
import { event, PREAMBLE, packetized, STREAM, traceClassOf } from "../support/tsdl.ts";

const test = suite("ctf/metadata");
const encoder = new TextEncoder();

const TEXT = `${PREAMBLE}env { hostname = "web1"; domain = "ust"; tracer_major = 2; };
${STREAM}${event(0, "app:request", "string _path; u32 __sizes_length; u16 _sizes[__sizes_length];")}${event(7, "app:done", "i32 _status;")}`;

function payload(traceClass: TraceClass, id: number): Record<string, FieldClass> {
  const members = traceClass.streamClasses.get(0)?.eventClasses.get(id)?.payload?.members ?? [];
  return Object.fromEntries(members.map(({ name, fieldClass }) => [name, fieldClass]));
}

/** Everything a trace class says, as comparable text. Slots are numbered as they are met: they have no meaning of their own. */
function picture(traceClass: TraceClass | undefined): string {
  const slots = new Map<unknown, number>();
  const flat = (key: string, value: unknown): unknown => {
    if (typeof value === "bigint") return `${value}n`;
    if (key === "slot" && typeof value === "number") {
      if (!slots.has(value)) slots.set(value, slots.size);
      return slots.get(value);
    }
    return value instanceof Map ? [...value] : value;
  };
  return JSON.stringify({ ...traceClass, version: 0 }, flat);
}

/** What a reader makes of pieces, one after the other. */
function inPieces(pieces: Iterable<Uint8Array>): MetadataReader {
  const reader = new MetadataReader();
  for (const piece of pieces) reader.append(piece);
  return reader;
}

test("reads environment, clock, streams and events", () => {
  const traceClass = traceClassOf(TEXT);
  assert.is(traceClass.environment.get("hostname"), "web1");
  assert.is(traceClass.environment.get("tracer_major"), 2n);
  const clock = traceClass.clocks.get("monotonic");
  assert.is(clock?.offsetSeconds, 1_000_000_000n);
  assert.is(clock?.offsetCycles, 0n);
  const [stream] = traceClass.streamClasses.values();
  assert.is(stream?.clock, clock);
  assert.equal(
    [...(stream?.eventClasses.values() ?? [])].map(({ name }) => name),
    ["app:request", "app:done"],
  );
});

test("takes one leading underscore off names, and finds lengths by their raw names", () => {
  const { path, sizes, _sizes_length } = payload(traceClassOf(TEXT), 0);
  assert.is(path?.kind, "string");
  assert.is(_sizes_length?.kind === "integer" && _sizes_length.slot, 0);
  assert.equal(sizes?.kind === "array" && sizes.length, { kind: "dynamic", slot: 0 });
});

test("gives the same class however the text is cut", () => {
  const whole = picture(traceClassOf(TEXT));
  const bytes = encoder.encode(TEXT);
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const reader = new MetadataReader();
    const first = reader.append(bytes.subarray(0, cut));
    const second = reader.append(bytes.subarray(cut));
    assert.is(picture(second ?? first), whole, `cut at byte ${cut}`);
  }
});

test("gives the same class byte by byte", () => {
  const reader = new MetadataReader();
  for (const byte of encoder.encode(TEXT)) reader.append(Uint8Array.of(byte));
  assert.is(picture(reader.traceClass), picture(traceClassOf(TEXT)));
  assert.not(reader.isUnfinished);
});

/** Two applications of one user: LTTng-UST 2.13 writes their event classes before the stream block that they belong to. */
const BEFORE_STREAM = readFileSync(join(PROJECT, "test/data/metadata/events-before-stream.txt"));

test("gives the whole text's class wherever event classes are cut from their stream", () => {
  const whole = picture(inPieces([BEFORE_STREAM]).finish());
  const [stream] = JSON.parse(whole).streamClasses;
  assert.is(stream[1].eventClasses.length, 5);
  for (const pieces of eachCut(BEFORE_STREAM)) {
    const reader = inPieces(pieces);
    assert.ok(picture(reader.traceClass) === whole, `cut at byte ${pieces[0]!.length}`);
    assert.is(reader.problem, undefined);
  }
});

test("gives the whole text's class of random pieces and random orders of declarations", () => {
  const random = seededRandom(freshSeed());
  const declarations = BEFORE_STREAM.toString().split(/(?<=^};\n)/m);
  for (let round = 0; round < 300; round++) {
    const shuffled = [...declarations].sort(() => random() - 0.5);
    const text = encoder.encode((round % 2 === 0 ? declarations : shuffled).join(""));
    const expected = resultOf([text]);
    const pieces = randomPieces(text, random, 1 + Math.floor(random() * 900));
    const lengths = pieces.map(({ length }) => length);
    assert.ok(resultOf(pieces) === expected, `pieces of ${lengths}:\n${text}`);
  }
});

/** The trace class, or why there is none. */
function resultOf(pieces: Iterable<Uint8Array>): string {
  try {
    return picture(inPieces(pieces).finish());
  } catch (error) {
    assert.instance(error, MetadataError);
    return (error as MetadataError).code;
  }
}

test("an event class of CTF 2 waits for its data stream class, wherever the text is cut", () => {
  const text = encoder.encode(
    [
      '{"type": "preamble", "version": 2}',
      '{"type": "event-record-class", "id": 3, "data-stream-class-id": 1, "name": "late"}',
      '{"type": "data-stream-class", "id": 0}',
      '{"type": "event-record-class", "id": 0, "name": "first"}',
      '{"type": "data-stream-class", "id": 1}',
      '{"type": "event-record-class", "id": 1, "data-stream-class-id": 1, "name": "later"}',
    ]
      .map((fragment) => `\x1e${fragment}`)
      .join("\n"),
  );
  const whole = picture(inPieces([text]).finish());
  assert.is(JSON.parse(whole).streamClasses[1][1].eventClasses.length, 2);
  for (const pieces of eachCut(text))
    assert.is(picture(inPieces(pieces).finish()), whole, `cut at byte ${pieces[0]!.length}`);
});

test("a stream's clock, types and environment may come after it", () => {
  const [trace = "", ...rest] = PREAMBLE.split(/(?<=;)\n/);
  const text = `${trace}\n${STREAM}${event(0, "app:sizes", "u16 _sizes[env.count];")}${rest.join("\n")}env { count = 3; };\n`;
  const whole = picture(traceClassOf(text));
  for (const pieces of eachCut(encoder.encode(text)))
    assert.is(picture(inPieces(pieces).finish()), whole, `cut at byte ${pieces[0]!.length}`);
});

test("says what growing metadata wait for", () => {
  const [trace = ""] = PREAMBLE.split(/(?<=;)\n/);
  const reader = inPieces([encoder.encode(`${trace}\n${STREAM}`)]);
  assert.is(reader.traceClass, undefined);
  assert.match(reader.problem?.message ?? "", /expected the name of a type, got time64/);
});

test("events of a trace that declares no stream belong to an implicit one, until a stream block comes", () => {
  const trace = "/* CTF 1.8 */\ntrace { major = 1; minor = 8; byte_order = le; };\n";
  const lone = 'event { name = "lone"; };\n';
  const reader = inPieces([encoder.encode(trace + lone)]);
  assert.is(reader.traceClass?.streamClasses.get(0)?.eventClasses.size, 1);
  const header = "event.header := struct { integer { size = 8; } id; };";
  reader.append(encoder.encode(`stream { ${header} };\n`));
  const [stream] = reader.traceClass?.streamClasses.values() ?? [];
  assert.is(stream?.eventClasses.size, 1);
  assert.ok(stream?.eventHeader !== undefined);
});

test("reads metadata packets of either byte order, cut anywhere", () => {
  for (const littleEndian of [true, false]) {
    const bytes = packetized(encoder.encode(TEXT), 256, littleEndian);
    for (const cut of [1, 4, 36, 37, 200, 256, 300, 513]) {
      const reader = new MetadataReader();
      reader.append(bytes.subarray(0, cut));
      reader.append(bytes.subarray(cut));
      assert.is(picture(reader.traceClass), picture(traceClassOf(TEXT)), `cut at byte ${cut}`);
    }
  }
});

test("keeps classes that did not change when metadata grow", () => {
  const reader = new MetadataReader();
  const before = reader.append(encoder.encode(TEXT));
  const after = reader.append(encoder.encode(event(9, "app:late", "u8 _x;")));
  assert.is((after?.version ?? 0) > (before?.version ?? 0), true);
  const classOf = (traceClass: TraceClass | undefined): unknown =>
    traceClass?.streamClasses.get(0)?.eventClasses.get(7);
  assert.is(classOf(after), classOf(before));
  assert.is(after?.streamClasses.get(0)?.eventClasses.get(9)?.name, "app:late");
});

test("resolves variants by the labels of their tag", () => {
  const text = `${PREAMBLE}${STREAM}${event(0, "v", "enum : u8 { _a = 1, _b = 2 ... 4 } _tag; variant <_tag> { u8 _a; string _b; } _value;")}`;
  const { value } = payload(traceClassOf(text), 0);
  assert.ok(value?.kind === "variant");
  assert.equal(
    value.options.map(({ name, ranges }) => [name, ranges]),
    [
      ["a", [{ low: 1n, high: 1n }]],
      ["b", [{ low: 2n, high: 4n }]],
    ],
  );
});

test("makes a text of a char array with an encoding, and an array of one without", () => {
  const { comm, raw } = payload(
    traceClassOf(`${PREAMBLE}${STREAM}${event(0, "t", "char8 _comm[16]; u8 _raw[4];")}`),
    0,
  );
  const length = { kind: "static", count: 16 };
  assert.equal(comm, { kind: "text", align: 8, length, encoding: "utf-8" });
  assert.is(raw?.kind, "array");
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ["a missing brace", "trace { byte_order = le; ;", /line 1, column 26: expected a name, got ;/],
  [
    "an unknown type",
    `${PREAMBLE}struct s { u33 _x; };`,
    /line 11, column 12: expected the name of a type, got u33; did you mean u\d+\?/,
  ],
  [
    "an integer of 65 bits",
    `${PREAMBLE}typealias integer { size = 65; } := u65;`,
    /expected an integer size from 1 to 64 bits, got 65/,
  ],
  [
    "an alignment of 3",
    `${PREAMBLE}typealias integer { size = 8; align = 3; } := odd;`,
    /expected an alignment that is a power of two, got 3/,
  ],
  [
    "a length that is nowhere",
    `${PREAMBLE}${STREAM}${event(0, "e", "u8 _x[_n];")}`,
    /expected an earlier field named _n for a length or tag, found none/,
  ],
  [
    "a length that comes later",
    `${PREAMBLE}${STREAM}${event(0, "e", "u8 _x[_n]; u8 _n;")}`,
    /expected an earlier field named _n/,
  ],
  [
    "a string as length",
    `${PREAMBLE}${STREAM}${event(0, "e", "string _n; u8 _x[_n];")}`,
    /expected an integer as length or selector, got a string/,
  ],
  [
    "a variant without tag",
    `${PREAMBLE}${STREAM}${event(0, "e", "variant { u8 _a; } _v;")}`,
    /expected a tag/,
  ],
  [
    "an event declared twice",
    `${PREAMBLE}${STREAM}${event(0, "e", "u8 _x;")}${event(0, "e", "u8 _x;")}`,
    /event 0 of stream 0 is declared twice/,
  ],
  [
    "an event of an unknown stream",
    `${PREAMBLE}${STREAM}event { name = "e"; id = 1; stream_id = 5; };`,
    /expected a declared stream, got stream_id 5/,
  ],
  ["a field declared twice", `${PREAMBLE}struct s { u8 a; u8 a; };`, /field a stands here twice/],
  [
    "a byte order that is none",
    "trace { byte_order = middle; };",
    /expected byte_order le or be in the trace block, got middle/,
  ],
  [
    "an integer literal of 65 bits",
    `${PREAMBLE}env { x = 18446744073709551616; };`,
    /at most 64 bits\), got 18446744073709551616/,
  ],
  [
    "types nested a thousand deep",
    `${PREAMBLE}struct s ${"{ struct ".repeat(1000)}`,
    /at most 500 nested types/,
  ],
];

for (const [what, text, message] of BAD) {
  test(`rejects ${what}`, () => {
    try {
      const reader = new MetadataReader();
      reader.append(encoder.encode(text));
      reader.finish();
      assert.unreachable("it was accepted");
    } catch (error) {
      assert.instance(error, MetadataError);
      assert.match((error as MetadataError).message, message);
      assert.ok((error as MetadataError).position !== undefined);
    }
  });
}

test("shows the line with a caret", () => {
  try {
    new MetadataReader().append(encoder.encode("trace {\n  byte_order := le;\n};"));
    assert.unreachable("it was accepted");
  } catch (error) {
    assert.is(
      (error as Error).message,
      "metadata, line 1, column 1: expected byte_order le or be in the trace block, got none\ntrace {\n^~~~~~~",
    );
  }
});

test("packets of CTF2-PMETA-1.0 have a header that says its own size", () => {
  const text = encoder.encode(
    '\x1e{"type": "preamble", "version": 2}\x1e{"type": "data-stream-class"}',
  );
  for (const headerBytes of [44, 60]) {
    const packets = [text.subarray(0, 11), text.subarray(11)].map((content) => {
      const packet = new Uint8Array(headerBytes + content.length + 5);
      const view = new DataView(packet.buffer);
      view.setUint32(0, 0x75d11d57, true); // magic
      view.setUint32(24, (headerBytes + content.length) * 8, true); // content_size, bits
      view.setUint32(28, packet.length * 8, true); // packet_size, bits
      view.setUint8(35, 2); // major
      view.setUint32(40, headerBytes * 8, true); // header_size, bits
      packet.set(content, headerBytes);
      return packet;
    });
    const reader = inPieces(packets);
    reader.finish();
    assert.ok(reader.traceClass !== undefined, `${headerBytes}`);
  }
});

test("rejects a metadata packet whose sizes lie", () => {
  const bytes = packetized(encoder.encode(TEXT), 256, true);
  new DataView(bytes.buffer).setUint32(24, 0xffff_fff8, true);
  assert.throws(() => new MetadataReader().append(bytes), /metadata packet: expected content/);
});

test.run();
