/** Recorded traces of a server: opened, and read for container names, once for all queries. */

import { type Feed, openFeed } from "../../feed/feed.ts";
import { RecordedNames } from "../../operators/contain/recorded-names.ts";
import { filesBelow } from "../../source/files-below.ts";
import type { SourceOptions } from "../../source/source.ts";

/** So many files at most are looked at to see whether a trace has changed. */
const MAX_FILES = 10_000;

export interface RecordedSource {
  readonly feed: Feed;
  readonly names: RecordedNames;
  /** Another whenever files have changed. */
  readonly version: number;
}

export class RecordedSources {
  readonly #options: SourceOptions;
  #versions = 0;
  readonly #opened = new Map<string, RecordedSource & { readonly stamp: string }>();

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** Some of the sources as one; opened anew if a file of theirs has changed since. */
  open(paths: readonly string[]): RecordedSource {
    const key = JSON.stringify(paths);
    const stamp = stampOf(paths);
    let source = this.#opened.get(key);
    if (source?.stamp !== stamp) {
      const feed = openFeed(paths, this.#options);
      source = { feed, names: new RecordedNames(feed), stamp, version: this.#versions++ };
      this.#opened.set(key, source);
    }
    return source;
  }
}

/** Changes with every file below some paths. */
function stampOf(paths: readonly string[]): string {
  const stamps: string[] = [];
  for (const source of paths) {
    for (const { path, stats } of filesBelow(source)) {
      stamps.push(`${path} ${stats.ino} ${stats.size} ${stats.mtimeMs}`);
      if (stamps.length >= MAX_FILES) break;
    }
  }
  return stamps.join("\n");
}
