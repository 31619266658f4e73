/** Event classes that a filter links to in the same way, found without linking it. */

import type { FieldClass, StreamClass } from "../ctf/trace-class.ts";
import type { Program } from "./bytecode.ts";
import type { LinkEnvironment } from "./resolve.ts";
import { isBareRoot } from "./symbol.ts";

/** Keys of event classes for one program: equal where all that its symbols can find is equal, and has the same path. */
export class LinkKeys {
  /** First names of the payload fields that the program names. */
  readonly #fields: readonly string[];
  /** It asks for facts of the class: its name, its level. */
  readonly #usesFacts: boolean;
  readonly #streams = new Map<StreamClass, number>();

  constructor({ symbols }: Pick<Program, "symbols">) {
    const names = symbols.flatMap(({ root, names: [first] }) =>
      isBareRoot(root) && first !== undefined ? [first] : [],
    );
    this.#fields = [...new Set(names)];
    this.#usesFacts = symbols.some(({ root }) => root === "$event" || root === "$container");
  }

  of({ streamClass, eventClass }: LinkEnvironment): string {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      stream = this.#streams.size;
      this.#streams.set(streamClass, stream);
    }
    const { name, logLevel, specificContext, payload } = eventClass;
    let key = `${stream}`;
    if (this.#usesFacts) key += `|${name}|${logLevel}`;
    if (specificContext !== undefined) key += `|${described(specificContext)}`;
    for (const field of this.#fields) {
      const index = payload?.members.findIndex((one) => one.name === field) ?? -1;
      const member = payload?.members[index];
      key += member === undefined ? "|-" : `|${index}${described(member.fieldClass)}`;
    }
    return key;
  }
}

const descriptions = new WeakMap<FieldClass, string>();

/** All of a field class, as text: equal for field classes that are read, shown and compared alike. */
export function described(fieldClass: FieldClass): string {
  let text = descriptions.get(fieldClass);
  if (text === undefined) {
    text = JSON.stringify(fieldClass, (_, value) =>
      typeof value === "bigint" ? `${value}n` : value,
    );
    descriptions.set(fieldClass, text);
  }
  return text;
}
