/** A stream over the files that a rotation gives it, whatever is written between two looks at them. */

import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DataFile } from "../../src/followed/data-file.ts";
import { FollowedStream } from "../../src/followed/stream.ts";
import { idOf } from "../../src/followed/walk.ts";
import { Folders } from "../support/folder.ts";
import { PREAMBLE, packet, record, STREAM, traceClassOf } from "../support/tsdl.ts";

const test = suite("followed/stream");
const folders = new Folders();
test.after(() => folders.removeAll());

const TRACE_CLASS = traceClassOf(
  `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\n`,
);

function packetNumbered(n: number): Uint8Array {
  const begin = BigInt(10 * n);
  const times = { begin, end: begin + 9n, sequenceNumber: BigInt(n) };
  return packet(record(0, begin, new Uint8Array()), times);
}

/** A file of which every look is preceded by something that a writer does. */
class WrittenFile extends DataFile {
  readonly #write: () => void;

  constructor(path: string, write: () => void = () => {}) {
    const stats = statSync(path);
    super({ path, id: idOf(stats), size: stats.size, mtimeMs: stats.mtimeMs });
    this.#write = write;
  }

  override look(): void {
    this.#write();
    super.look();
  }
}

test("a rotation between the looks at two files leaves out no packet of the older", () => {
  const folder = folders.make({ old: packetNumbered(0), new: new Uint8Array() });
  const [oldPath, newPath] = [join(folder, "old"), join(folder, "new")];
  let looks = 0;
  // The writer ends the old file and goes on in the new one just before that is looked at for the second time.
  const rotate = (): void => {
    if (++looks !== 2) return;
    appendFileSync(oldPath, packetNumbered(1));
    appendFileSync(oldPath, packetNumbered(2));
    appendFileSync(newPath, packetNumbered(3));
  };
  const files = [new WrittenFile(oldPath), new WrittenFile(newPath, rotate)];
  const stream = new FollowedStream("stream");
  for (const file of files) stream.add(file);
  const numbers: (bigint | undefined)[] = [];
  for (let i = 0; i < 10; i++) {
    const found = stream.next(TRACE_CLASS, () => "stream");
    if (found.kind === "head") numbers.push(found.head.header.sequenceNumber);
  }
  for (const file of files) file.close();
  assert.equal(numbers, [0n, 1n, 2n, 3n]);
});

test.run();
