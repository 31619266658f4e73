/** The query that is typed, with a list of what may follow: arrows choose, Tab or Enter takes, Escape closes. */

import { type Suggestion, suggestions } from "./completion.ts";
import { byId, make, visible } from "./dom.ts";
import type { Token } from "./token.ts";

const WAIT_MS = 80;
const SHOWN = 60;

export class QueryBox {
  readonly #token: Token;
  readonly #source: () => string;
  readonly #input = byId<HTMLInputElement>("where");
  readonly #list = byId("completions");
  #items: readonly Suggestion[] = [];
  /** -1 while none is chosen: Enter then runs the query. */
  #chosen = -1;
  #asked = 0;
  #timer = 0;

  constructor(token: Token, source: () => string) {
    this.#token = token;
    this.#source = source;
    this.#input.addEventListener("input", () => this.#askSoon());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("blur", () => this.close());
    // The box keeps the focus, so that the list is still there when the click ends.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = (event.target as Element).closest("[role=option]");
      if (option !== null) this.#take(Number(option.id.slice("completion-".length)));
    });
  }

  get value(): string {
    return this.#input.value.trim();
  }

  set value(query: string) {
    this.#input.value = query;
    this.close();
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  close(): void {
    this.#asked++;
    clearTimeout(this.#timer);
    this.#items = [];
    this.#chosen = -1;
    this.#draw();
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), WAIT_MS);
  }

  async #ask(): Promise<void> {
    const asked = ++this.#asked;
    const prefix = this.#prefix;
    const items = await suggestions(prefix, this.#source(), this.#token);
    if (asked !== this.#asked || prefix !== this.#prefix) return;
    this.#items = items.filter(({ text, from }) => prefix.slice(from) !== text).slice(0, SHOWN);
    this.#chosen = -1;
    this.#draw();
  }

  get #prefix(): string {
    return this.#input.value.slice(0, this.#input.selectionStart ?? 0);
  }

  #key(event: KeyboardEvent): void {
    const isOpen = this.#items.length > 0;
    if (event.key === " " && event.ctrlKey) void this.#ask();
    else if (!isOpen) return;
    else if (event.key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (event.key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (event.key === "Tab") this.#take(Math.max(0, this.#chosen));
    else if (event.key === "Enter" && this.#chosen >= 0) this.#take(this.#chosen);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }

  #choose(place: number): void {
    const most = this.#items.length;
    this.#chosen = (place + most) % most;
    this.#draw();
    document.getElementById(`completion-${this.#chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  #take(place: number): void {
    const item = this.#items[place];
    if (item === undefined) return;
    const prefix = this.#prefix;
    const rest = this.#input.value.slice(prefix.length);
    const begin = prefix.slice(0, item.from);
    // An operator is a word of its own.
    const gap = item.kind === "operator" && /\w$/.test(begin) && !/^[.[-]/.test(item.text);
    const taken = `${begin}${gap ? " " : ""}${item.text}`;
    this.#input.value = taken + rest;
    this.#input.setSelectionRange(taken.length, taken.length);
    this.close();
    this.#askSoon();
  }

  #draw(): void {
    const isOpen = this.#items.length > 0;
    this.#list.hidden = !isOpen;
    this.#input.setAttribute("aria-expanded", String(isOpen));
    if (this.#chosen < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `completion-${this.#chosen}`);
    this.#list.replaceChildren(
      ...this.#items.map(({ text, detail = "" }, i) =>
        make(
          "div",
          {
            id: `completion-${i}`,
            role: "option",
            "aria-selected": i === this.#chosen ? "true" : "false",
          },
          make("b", {}, visible(text)),
          make("span", {}, visible(detail)),
        ),
      ),
    );
  }
}
