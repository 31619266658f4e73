/** Damaged trace folders, also while they are read: typed errors and counted losses, bounded memory, and an end. */

import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, stopChildren } from "../support/child.ts";

const test = suite("field/fuzz");

/** `LONG=20 npm test` reads twenty times as long; `SEED=7` begins with another case. */
const SECONDS = 4 * Number(process.env["LONG"] ?? 1);
const SEEDS = process.env["SEED"]?.split(",") ?? ["1", String(Date.now() % 1_000_000)];

const READER = fileURLToPath(new URL("fuzz-reader.js", import.meta.url));
/** No case takes a second on an idle machine. */
const PATIENCE_MS = 60_000;
const MAX_KIB = 512 << 10;

test.after(stopChildren);

for (const seed of SEEDS) {
  test(`reads damaged folders without a stack, a hang, or 512 MiB (seed ${seed})`, async () => {
    const args = ["--enable-source-maps", "--expose-gc", READER, seed, String(SECONDS)];
    const reader = new Child(process.execPath, args);
    for (let read = 0; reader.ending === undefined; ) {
      const isFurther = (): boolean => reader.lines.length > read || reader.ending !== undefined;
      await reader.until("gone on to the next case", isFurther, PATIENCE_MS).catch((error) => {
        if (reader.ending === undefined) throw error;
      });
      read = reader.lines.length;
    }
    const { code } = await reader.end();
    assert.is(code, 0, reader.lines.slice(-30).join("\n"));
    const end = /^end: (\d+) cases, (\d+) KiB$/.exec(reader.lines.at(-1) ?? "");
    assert.ok(Number(end?.[1]) > 0, reader.lines.at(-1));
    assert.ok(Number(end?.[2]) < MAX_KIB, reader.lines.at(-1));
  });
}

test.run();
