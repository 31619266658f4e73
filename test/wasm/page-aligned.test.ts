import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { pageAligned } from "../../src/wasm/page-aligned.ts";
import { Folders } from "../support/folder.ts";

const test = suite("wasm/page-aligned");
const folders = new Folders();
test.after(() => folders.removeAll());

test("bytes are as many as were asked for, begin their memory, and take what a file holds", () => {
  for (const bytes of [0, 1, 4096, 256 * 1024, 300_001, 4 << 20]) {
    const got = pageAligned(bytes);
    assert.is(got.length, bytes);
    assert.is(got.byteOffset, 0);
    // The memory of WebAssembly has whole pages, and the system puts it at the beginning of one.
    assert.is(got.buffer.byteLength % 65536 === 0 && bytes > 0, bytes >= 256 * 1024);
  }
  const data = Uint8Array.from({ length: 300_001 }, (_, i) => i % 251);
  const file = openSync(join(folders.make({ data }), "data"), "r");
  const into = pageAligned(data.length);
  assert.is(readSync(file, into), data.length);
  closeSync(file);
  assert.equal(into, data);
});

test.run();
