import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { PROJECT } from "./traces.ts";

/**
 * Compares a text with a file of the project; `UPDATE=1` writes the file.
 * @param path from the project's `test`
 */
export function isGolden(text: string, path: string): void {
  const file = join(PROJECT, "test", path);
  if (process.env["UPDATE"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${path} is missing; UPDATE=1 writes it`);
  assert.fixture(text, readFileSync(file, "utf8"), path);
}
