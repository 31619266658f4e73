/** What each event is to a table, by its name; asked once a name. */

import type { Column } from "../../column/column.ts";
import { isPresent } from "../../column/row-reader.ts";
import { TextMemo } from "../../column/text-memo.ts";

export class EventRoles<Role extends object | number | string> {
  readonly #roles: TextMemo<{ readonly role: Role } | null>;

  /** @param roleOf of an event's name; `undefined` for events that are none of the table's */
  constructor(roleOf: (name: string) => Role | undefined) {
    this.#roles = new TextMemo((name) => {
      const role = roleOf(name);
      return role === undefined ? null : { role };
    });
  }

  /** The role of the event in a row of the column `event`. */
  of(column: Column, row: number): Role | undefined {
    if (column.kind !== "dictionary" || !isPresent(column, row)) return undefined;
    return this.#roles.of(column.dictionary, column.codes[row]!)?.role;
  }
}
