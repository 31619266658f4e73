/** Runs the program from its parts (`tools/bundle-code.mjs`), with the code that an earlier run compiled. */

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { getHeapCodeStatistics } from "node:v8";
import { Script } from "node:vm";
import { CodeCache } from "./code-cache.ts";

/** What runs so long may outlive the files that it was started from, ms. */
const LONG_RUN_MS = 1000;
/** A run that compiled so much more than its cache held writes a new one. */
const GROWTH = 1.3;

/**
 * What a part's file is when it is evaluated: a function of what it takes from its surroundings, which gives what the part exports.
 * `programSum` is a checksum of the program, for what it caches itself; undefined where nothing is cached.
 */
type Part = (
  require: (name: string) => unknown,
  importMetaUrl: string,
  programSum: number | undefined,
) => unknown;

/**
 * Runs the entry `NAME.js` beside this file, and the parts that it requires.
 *
 * @param variant Runs that use the same code have the same name: a command, a thread.
 * @returns Keeps what has been compiled by now for the next run, if that is worth it. Takes 10–30 ms when it is.
 */
export function runParts(name: string, variant: string): () => void {
  const parts = new Parts(name, variant);
  setTimeout(() => parts.hold(), LONG_RUN_MS).unref();
  return () => parts.keep();
}

class Parts {
  readonly #url = import.meta.url;
  readonly #requireBuiltIn = createRequire(fileURLToPath(this.#url));
  readonly #exported = new Map<string, unknown>();
  readonly #scripts = new Map<string, Script>();
  readonly #cache: CodeCache | undefined;
  /** Compiled code by the names of its parts, and how many bytes it had when it was kept. */
  readonly #code: ReadonlyMap<string, Buffer>;
  readonly #codeBytes: number;
  readonly #programSum: number | undefined;
  /** Sources of parts that have not run. */
  readonly #held = new Map<string, Buffer>();
  /** A part came that was not compiled before, or not by this engine. */
  #isNew = false;

  constructor(entry: string, variant: string) {
    const file = `./${entry}.js`;
    const source = this.#read(file);
    // An entry begins with the checksum of all parts, in a comment.
    const programSum = Number.parseInt(source.toString("latin1", 2, 10), 16);
    this.#cache = CodeCache.of(`${entry}-${variant}`, programSum);
    this.#programSum = this.#cache && programSum;
    const kept = this.#cache?.read();
    this.#code = kept?.parts ?? new Map();
    this.#codeBytes = kept?.codeBytes ?? 0;
    this.#run(file, source);
  }

  #read(file: string): Buffer {
    return readFileSync(fileURLToPath(new URL(file, this.#url)));
  }

  #require(name: string): unknown {
    if (!name.startsWith("./")) return this.#requireBuiltIn(name);
    if (!this.#exported.has(name)) {
      this.#run(name, this.#held.get(name) ?? this.#read(name));
      this.#held.delete(name);
    }
    return this.#exported.get(name);
  }

  #run(file: string, source: Buffer): void {
    const url = new URL(file, this.#url);
    const cachedData = this.#code.get(file);
    // Parts are ASCII: as latin1 the text needs no decoding and one byte a character.
    const script = new Script(source.toString("latin1"), {
      filename: fileURLToPath(url),
      cachedData,
    });
    this.#isNew ||= script.cachedDataRejected !== false;
    this.#scripts.set(file, script);
    const part = script.runInThisContext() as Part;
    this.#exported.set(
      file,
      part((name) => this.#require(name), url.href, this.#programSum),
    );
  }

  /** Reads all parts: an upgrade takes the files away, and leaves those of another version. */
  hold(): void {
    try {
      for (const file of readdirSync(fileURLToPath(new URL(".", this.#url)))) {
        const name = `./${file}`;
        if (file.startsWith("part-") && !this.#exported.has(name))
          this.#held.set(name, this.#read(name));
      }
    } catch {
      // They are gone already; what has run goes on.
    }
  }

  keep(): void {
    if (this.#cache === undefined) return;
    const codeBytes = getHeapCodeStatistics().bytecode_and_metadata_size;
    if (!this.#isNew && codeBytes <= this.#codeBytes * GROWTH) return;
    const parts = new Map<string, Buffer>();
    for (const [file, script] of this.#scripts) parts.set(file, script.createCachedData());
    this.#cache.write({ parts, codeBytes });
  }
}
