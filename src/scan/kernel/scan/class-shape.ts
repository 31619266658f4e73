/**
 * The shape of an event class as a query sees it: classes of equal shape run the same code, so that planning and emitting
 * is done once for all of them. What names them is left out, unless filter or columns ask for it.
 */

import type { FieldRequest } from "../../../column/request.ts";
import type { EventClass, FieldClass, Length, StructureClass } from "../../../ctf/trace-class.ts";
import type { Program } from "../../../filter/bytecode.ts";
import { described } from "../../../filter/link-key.ts";
import { isBareRoot } from "../../../filter/symbol.ts";
import type { ScanSpec } from "../../scanner.ts";
import { numberOf } from "./numbered-texts.ts";

/** The payload members that a request may begin with. */
function firstNames({ name, path }: FieldRequest): readonly string[] {
  return path === undefined ? [name, name.split(".")[0] ?? ""] : path.slice(0, 1);
}

/** The numbers of event classes' shapes for queries of this thread, by what these name; the least recently used go. */
const known = new Map<string, WeakMap<EventClass, number>>();
const MAX_KNOWN = 64;

/** The shapes of event classes for one query. */
export class ClassShapes {
  /** Payload members that filter or columns name. */
  readonly #wanted: ReadonlySet<string>;
  /** The filter asks for facts of the class: its name, its log level. */
  readonly #usesFacts: boolean;
  /** The filter asks for facts of the class or of its trace. */
  readonly usesFacts: boolean;
  readonly #numbers: WeakMap<EventClass, number>;

  constructor({ filter, columns }: ScanSpec) {
    const matches = columns.flatMap(({ request }) =>
      request.kind === "match" ? (request.program as Program) : [],
    );
    const symbols = [...(filter?.symbols ?? []), ...matches.flatMap((program) => program.symbols)];
    const fields = columns.flatMap(({ request }) =>
      request.kind === "field" ? firstNames(request) : [],
    );
    const inFilter = symbols.flatMap(({ root, names }) =>
      isBareRoot(root) && names[0] !== undefined ? [names[0]] : [],
    );
    this.#wanted = new Set([...fields, ...inFilter]);
    this.usesFacts = symbols.some(({ root }) => !isBareRoot(root) && root !== "$ctx");
    this.#usesFacts = symbols.some(({ root }) => root === "$event" || root === "$container");
    this.#numbers = numbersFor(JSON.stringify([this.#usesFacts, [...this.#wanted].sort()]));
  }

  /** Equal for classes of one stream class whose records are walked, filtered and appended in the same way. */
  of(eventClass: EventClass, isWanted: boolean): string {
    let number = this.#numbers.get(eventClass);
    if (number === undefined) {
      number = numberOf(this.#shape(eventClass));
      this.#numbers.set(eventClass, number);
    }
    return isWanted ? `${number}` : `-${number}`;
  }

  #shape({ name, logLevel, specificContext, payload }: EventClass): string {
    const facts = this.#usesFacts ? `${name}/${logLevel}` : "";
    // Contexts are found by name in either scope, and few classes have their own.
    const context = specificContext === undefined ? "" : described(specificContext);
    return `${facts}|${context}|${this.#payload(payload)}`;
  }

  #payload(payload: StructureClass | undefined): string {
    if (payload === undefined) return "-";
    let text = `${payload.align}`;
    for (const { name, fieldClass } of payload.members) {
      text += ";";
      text += this.#wanted.has(name) ? `${name}=${described(fieldClass)}` : layout(fieldClass);
    }
    return text;
  }
}

function numbersFor(wanted: string): WeakMap<EventClass, number> {
  const numbers = known.get(wanted) ?? new WeakMap<EventClass, number>();
  known.delete(wanted);
  known.set(wanted, numbers);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN) known.delete(oldest!);
  return numbers;
}

/** What a walk over a field depends on. */
function layout(fieldClass: FieldClass): string {
  switch (fieldClass.kind) {
    case "integer": {
      const { size, align, signed, byteOrder, slot, coding } = fieldClass;
      if (coding !== "plain") return described(fieldClass);
      const read = slot === undefined ? "" : `${signed ? "s" : "u"}${byteOrder[0]}${slot}`;
      return `i${size}/${align}${read}${fieldClass.isClock ? "c" : ""}`;
    }
    case "float":
      return `i${fieldClass.size}/${fieldClass.align}`;
    case "string":
      return `s${fieldClass.encoding}`;
    case "text":
      return `t${fieldClass.encoding}${count(fieldClass.length)}`;
    case "array":
      return `a${fieldClass.align}${count(fieldClass.length)}[${layout(fieldClass.element)}]`;
    default:
      return described(fieldClass);
  }
}

function count(length: Length): string {
  return length.kind === "static" ? `x${length.count}` : `@${length.slot}`;
}
