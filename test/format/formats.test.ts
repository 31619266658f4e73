/** The list of formats, and writers that promise their bytes. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BytesInOrder } from "../../src/format/bytes-in-order.ts";
import { DATA_FORMATS, FORMAT_DEFAULTS, FORMATS, formatNamed } from "../../src/format/formats.ts";

const test = suite("format/formats");

test("names, aliases and media types each mean one format", () => {
  const names = FORMATS.flatMap(({ name, aliases }) => [name, ...aliases]);
  assert.is(new Set(names).size, names.length);
  const types = FORMATS.flatMap(({ mediaTypes }) => mediaTypes);
  assert.is(new Set(types).size, types.length);
  for (const alias of ["json", "jsonl"]) assert.is(formatNamed(alias).name, "ndjson");
});

test("an unknown name gets the nearest one, among those that are offered", () => {
  assert.throws(
    () => formatNamed("arow"),
    /expected one of text, babeltrace, .*arrow.*, got arow; did you mean arrow\?/,
  );
  assert.throws(() => formatNamed("text", DATA_FORMATS), /expected one of ndjson, csv, arrow/);
});

test("every format can be loaded, and writes nothing of nothing", async () => {
  for (const format of FORMATS) {
    const open = await format.load();
    const options = {
      ...FORMAT_DEFAULTS,
      dictionaries: "plain",
      framing: "self",
      showsDelta: true,
      isColored: true,
    } as const;
    assert.is((await open(options).end()).length, 0, format.name);
  }
});

test("bytes keep their order, whether they are there or promised", async () => {
  const passed: number[] = [];
  const errors: unknown[] = [];
  const bytes = new BytesInOrder((error) => errors.push(error));
  const pass = (value: number, promise?: Promise<unknown>): void => {
    const own = Uint8Array.of(value);
    bytes.pass(promise === undefined ? own : promise.then(() => own), ([first]) =>
      passed.push(first!),
    );
  };
  pass(1);
  assert.equal(passed, [1], "at once, where nothing is awaited");
  pass(2, new Promise((resolve) => setTimeout(resolve, 20)));
  pass(3, Promise.resolve());
  pass(4);
  assert.ok(bytes.isWaiting);
  await bytes.idle();
  assert.equal(passed, [1, 2, 3, 4]);
  assert.not(bytes.isWaiting);
  pass(5);
  assert.equal(passed, [1, 2, 3, 4, 5]);
  bytes.pass(Promise.reject(new Error("no room")), () => passed.push(6));
  await bytes.idle();
  assert.equal(errors.map(String), ["Error: no room"]);
  pass(7);
  assert.equal(passed, [1, 2, 3, 4, 5, 7]);
});

test.run();
