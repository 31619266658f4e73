/** What each event is to a table, by its name; asked once a name. */

import type { Column, DictionaryTexts } from "../../column/column.ts";
import { isPresent } from "../../column/row-reader.ts";

export class EventRoles<Role> {
  readonly #roleOf: (name: string) => Role | undefined;
  readonly #known = new WeakMap<DictionaryTexts, (Role | null)[]>();

  /** @param roleOf of an event's name; `undefined` for events that are none of the table's */
  constructor(roleOf: (name: string) => Role | undefined) {
    this.#roleOf = roleOf;
  }

  /** The role of the event in a row of the column `event`. */
  of(column: Column, row: number): Role | undefined {
    if (column.kind !== "dictionary" || !isPresent(column, row)) return undefined;
    const { codes, dictionary } = column;
    let known = this.#known.get(dictionary);
    if (known === undefined) {
      known = [];
      this.#known.set(dictionary, known);
    }
    const code = codes[row]!;
    let role = known[code];
    if (role === undefined) {
      role = this.#roleOf(dictionary.text(code)) ?? null;
      known[code] = role;
    }
    return role ?? undefined;
  }
}
