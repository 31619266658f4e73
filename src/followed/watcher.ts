/** Waits until something changes in folders: by what the system announces, and by looking again where it announces nothing. */

import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";

/** Changes that come together are looked at together. */
const MIN_PAUSE_MS = 10;
/** How often files are looked at though nothing is announced: network file systems announce only what this machine writes. */
const PAUSE_MS = 250;
/** The same, where folders cannot be watched. */
const POLL_MS = 60;
/** How often folders are searched anew, at least. */
const SEARCH_MS = 1000;

export class Watcher {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #signal: AbortSignal;
  readonly #isUnexpected: (path: string) => boolean;
  #wake: (() => void) | undefined;
  #hasChanged = false;
  #searchAt = 0;
  #canWatch = true;

  /** @param isUnexpected whether nothing was to be written to a file any more */
  constructor(signal: AbortSignal, isUnexpected: (path: string) => boolean) {
    this.#signal = signal;
    this.#isUnexpected = isUnexpected;
    signal.addEventListener("abort", () => this.#wake?.());
  }

  /** Whether folders may hold what they did not. */
  get mustSearch(): boolean {
    return performance.now() >= this.#searchAt;
  }

  /** Watches these folders and no others. @param tookMs how long the search for them took */
  searched(folders: readonly string[], tookMs: number): void {
    this.#searchAt =
      performance.now() + Math.max(this.#canWatch ? SEARCH_MS : PAUSE_MS, 20 * tookMs);
    const wanted = new Set(folders);
    for (const [folder, watcher] of this.#watchers)
      if (!wanted.has(folder)) this.#drop(folder, watcher);
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  /** Something is not where it was. */
  searchAgain(): void {
    this.#searchAt = 0;
  }

  /** Settles when something has changed, after a while, or when the signal is aborted. */
  async change(): Promise<void> {
    await this.#sleep(MIN_PAUSE_MS);
    if (this.#hasChanged) this.#hasChanged = false;
    else await this.#sleep(this.#canWatch ? PAUSE_MS : POLL_MS);
    this.#hasChanged = false;
  }

  close(): void {
    for (const [folder, watcher] of this.#watchers) this.#drop(folder, watcher);
  }

  #sleep(ms: number): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = ms === MIN_PAUSE_MS && !this.#signal.aborted ? this.#onlyAbort(done) : done;
    });
  }

  #onlyAbort(done: () => void): () => void {
    return () => {
      if (this.#signal.aborted) done();
    };
  }

  #add(folder: string): void {
    if (!this.#canWatch) return;
    try {
      const watcher = watch(folder, (kind, name) => {
        if (kind === "rename" || name === null || this.#isUnexpected(join(folder, name)))
          this.searchAgain();
        this.#hasChanged = true;
        this.#wake?.();
      });
      watcher.on("error", () => this.#drop(folder, watcher));
      this.#watchers.set(folder, watcher);
      // What came before it was watched.
      this.searchAgain();
    } catch (error) {
      // It has gone meanwhile; or the system has no watches left (fs.inotify.max_user_watches).
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#canWatch = false;
    }
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(folder);
  }
}
