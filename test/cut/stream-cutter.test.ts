/** Files of a stream that cannot begin. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StreamCutter } from "../../src/cut/stream-cutter.ts";
import { Folders } from "../support/folder.ts";
import { PREAMBLE, STREAM, traceClassOf } from "../support/tsdl.ts";

const test = suite("cut/stream-cutter");
const folders = new Folders();
test.after(() => folders.removeAll());

test("where an index cannot be begun, no file stays, nor stays open", () => {
  const folder = folders.make({});
  const traceClass = traceClassOf(`${PREAMBLE}${STREAM}`);
  const open = readdirSync("/proc/self/fd").length;
  const data = join(folder, "data");
  const index = join(folder, "no-such-folder", "data.idx");
  assert.throws(() => new StreamCutter(traceClass, data, index, undefined), /ENOENT/);
  assert.equal(readdirSync(folder), []);
  assert.is(readdirSync("/proc/self/fd").length, open);
});

test.run();
