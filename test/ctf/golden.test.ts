/** Every file of `golden/` gives what it says, interpreted and compiled. `UPDATE=1` writes what they give now. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROJECT } from "../support/traces.ts";
import { parseGolden, printGolden, runGolden } from "./golden.ts";

const test = suite("ctf/golden");

const FOLDER = join(PROJECT, "test/ctf/golden");
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));

for (const name of names) {
  test(name.slice(0, -4), () => {
    const path = join(FOLDER, name);
    const file = parseGolden(readFileSync(path, "utf8"));
    const interpreted = runGolden(file, "interpreter");
    const compiled = runGolden(file, "kernel");
    if (process.env["UPDATE"] === "1")
      writeFileSync(path, printGolden({ ...file, rows: interpreted.rows }));
    else assert.is(interpreted.rows, file.rows);
    assert.is(compiled.all, interpreted.all, "kernel and interpreter");
    assert.is(/^error /m.test(interpreted.rows), name.startsWith("fail-"));
  });
}

test("there are enough of them", () => {
  assert.ok(names.length >= 150, `${names.length} files`);
});

test.run();
