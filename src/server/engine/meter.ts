import { Observable } from "rxjs";

/** How long the thread has worked for one query, in ms. */
export class Meter {
  ms = 0;
  #since: number | undefined;
  readonly #onWork: () => void;

  /** @param onWork called after each piece of work */
  constructor(onWork: () => void = () => {}) {
    this.#onWork = onWork;
  }

  /** Measures a piece of work; work within work counts once. */
  run(work: () => void): void {
    if (this.#since !== undefined) {
      work();
      return;
    }
    this.#since = performance.now();
    try {
      work();
    } finally {
      this.ms += performance.now() - this.#since;
      this.#since = undefined;
    }
    this.#onWork();
  }

  /** Adds work that was measured elsewhere. */
  add(ms: number): void {
    this.ms += ms;
    this.#onWork();
  }

  /** The same items; what is done with each is measured. */
  measured<T>(items: Observable<T>): Observable<T> {
    return new Observable((subscriber) =>
      items.subscribe({
        next: (item) => this.run(() => subscriber.next(item)),
        error: (error) => subscriber.error(error),
        complete: () => this.run(() => subscriber.complete()),
      }),
    );
  }
}
