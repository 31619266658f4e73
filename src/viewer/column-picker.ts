/** Which columns of the events are shown: a box for each. */

import { byId, make, visible } from "./dom.ts";

export class ColumnPicker {
  readonly #choose: (columns: readonly string[]) => void;

  /** @param choose called with the columns that the user wants; empty for the usual ones */
  constructor(choose: (columns: readonly string[]) => void) {
    this.#choose = choose;
    byId("columns-list").addEventListener("change", () => this.#changed());
    byId("columns-usual").addEventListener("click", () => {
      choose([]);
      byId<HTMLDetailsElement>("columns").open = false;
    });
  }

  setColumns(all: readonly string[], shown: readonly string[]): void {
    const boxes = all.map((name) => {
      const box = make("input", {
        type: "checkbox",
        value: name,
        checked: shown.includes(name),
      });
      return make("label", {}, box, visible(name));
    });
    byId("columns-list").replaceChildren(...boxes);
  }

  #changed(): void {
    const boxes = byId("columns-list").querySelectorAll<HTMLInputElement>("input");
    const chosen = [...boxes].filter(({ checked }) => checked).map(({ value }) => value);
    this.#choose(chosen);
  }
}
