/** Runs a bundle of this package, with the code that an earlier run compiled. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { getHeapCodeStatistics } from "node:v8";
import { Script } from "node:vm";
import { CodeCache } from "./code-cache.ts";

/** A run that compiled so much more than its cache held writes a new one. */
const GROWTH = 1.3;

/**
 * What a bundle's file is when it is evaluated: a function of what it takes from its surroundings.
 * `bundleSum` is its checksum, for what it caches itself; undefined where nothing is cached.
 */
type Bundle = (
  require: NodeJS.Require,
  importMetaUrl: string,
  bundleSum: number | undefined,
) => void;

/**
 * Runs `NAME.js` beside this file.
 *
 * @param variant Runs that use the same code have the same name: a command, a thread.
 * @returns Keeps what has been compiled by now for the next run, if that is worth it. Takes 10–30 ms when it is.
 */
export function runBundle(name: string, variant: string): () => void {
  const url = new URL(`./${name}.js`, import.meta.url);
  const filename = fileURLToPath(url);
  const bytes = readFileSync(filename);
  const cache = CodeCache.of(name, variant, bytes);
  const cached = cache?.read();
  // Bundles are ASCII: as latin1 the text needs no decoding and one byte a character.
  const script = new Script(bytes.toString("latin1"), { filename, cachedData: cached?.data });
  const before = script.cachedDataRejected === false ? (cached?.codeBytes ?? 0) : 0;
  (script.runInThisContext() as Bundle)(createRequire(filename), url.href, cache?.sourceSum);
  return () => {
    if (cache === undefined) return;
    const codeBytes = getHeapCodeStatistics().bytecode_and_metadata_size;
    if (codeBytes > before * GROWTH) cache.write({ data: script.createCachedData(), codeBytes });
  };
}
