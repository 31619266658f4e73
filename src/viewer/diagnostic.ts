/** An error of a query under its box: the query, a caret under the place, and the nearest name as a button. */

import { nearest, suggestions } from "./completion.ts";
import { byId, make, visible, visibleLines } from "./dom.ts";
import type { QueryError } from "./frames.ts";
import type { Token } from "./token.ts";

const MEANT = /\(did you mean (\S+?)\?\)/;

export class Diagnostic {
  readonly #token: Token;
  readonly #apply: (query: string) => void;
  #shown = 0;

  /** @param apply called with the mended query */
  constructor(token: Token, apply: (query: string) => void) {
    this.#token = token;
    this.#apply = apply;
  }

  clear(): void {
    this.#shown++;
    byId("fix").hidden = true;
    byId("error").hidden = true;
  }

  async show(error: QueryError, query: string, source: string): Promise<void> {
    const shown = ++this.#shown;
    const box = byId("error");
    box.textContent = visibleLines(error.message);
    box.hidden = false;
    byId("fix").hidden = true;
    const { start, end } = error;
    if (start === undefined || end === undefined || end <= start) return;
    const wrong = query.slice(start, end);
    const name = MEANT.exec(error.message)?.[1] ?? (await this.#near(wrong, query, start, source));
    if (name === undefined || shown !== this.#shown) return;
    this.#offer(query.slice(0, start) + name + query.slice(end), name);
  }

  async #near(
    wrong: string,
    query: string,
    start: number,
    source: string,
  ): Promise<string | undefined> {
    if (!/^[\w.$:]+$/.test(wrong)) return undefined;
    const items = await suggestions(query.slice(0, start), source, this.#token);
    return nearest(
      wrong,
      items.map(({ text }) => text),
    );
  }

  #offer(mended: string, name: string): void {
    const button = make("button", { type: "button" }, `Use ${visible(name)}`);
    button.addEventListener("click", () => this.#apply(mended));
    byId("fix").replaceChildren(button);
    byId("fix").hidden = false;
  }
}
