/**
 * Fields that a client may not see: they lose their names before a query knows of them, so that no filter, column, payload, stage or
 * completion can have them. Their bytes are walked over as ever.
 */

import { map, type Observable } from "rxjs";
import { FeedError } from "../../base/errors.ts";
import type {
  EventClass,
  FieldClass,
  Member,
  StreamClass,
  StructureClass,
  TraceClass,
} from "../../ctf/trace-class.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import { containerFactsOf } from "../../operators/run-question.ts";
import type { Question } from "../../query/question.ts";

/** The items of a feed without some fields. */
export function withoutFields(
  items: Observable<DecodedItem>,
  hidden: readonly string[],
): Observable<DecodedItem> {
  if (hidden.length === 0) return items;
  const hide = new FieldHider(hidden);
  return items.pipe(map((item) => hide.inItem(item)));
}

/**
 * Refuses a query about facts of containers that come from hidden fields of container records.
 * @throws FeedError 403 `HIDDEN_FIELD`
 */
export function refuseHiddenFacts(question: Question, hidden: readonly string[]): void {
  if (hidden.length === 0) return;
  for (const fact of containerFactsOf(question)) {
    const field = fieldOf(fact);
    if (!hidden.includes(field)) continue;
    const message = `$container.${fact}: expected what this client may see, got what comes from ${field}, which is hidden from it`;
    throw new FeedError("HIDDEN_FIELD", message, 403);
  }
}

/**
 * Rows that are there already may have hidden fields in any column, a payload's text for one.
 * @throws FeedError 403 `HIDDEN_FIELD`
 */
export function refuseHiddenRows(sources: readonly string[], hidden: readonly string[]): void {
  if (hidden.length === 0) return;
  const message = `source: expected a trace, since ${hidden.join(", ")} is hidden from this client, got rows, ${sources.join(", ")}`;
  throw new FeedError("HIDDEN_FIELD", message, 403);
}

/** A list of containers without what comes from hidden fields. */
export function withoutHiddenFacts<T>(containers: T, hidden: readonly string[]): T {
  if (hidden.length === 0) return containers;
  const isHidden = (name: string): boolean => !OWN.has(name) && hidden.includes(fieldOf(name));
  return JSON.parse(
    JSON.stringify(containers, (name, value) => (isHidden(name) ? undefined : value)),
  ) as T;
}

/** What a list says of itself, whatever fields are called. */
const OWN: ReadonlySet<string> = new Set(["host", "instances"]);

/** The field of container records that a fact comes from. */
function fieldOf(fact: string): string {
  return fact === "name" || fact === "type" ? `container_${fact}` : fact;
}

export function hideFields(traceClass: TraceClass, hidden: readonly string[]): TraceClass {
  return hidden.length === 0 ? traceClass : new FieldHider(hidden).inTrace(traceClass);
}

class FieldHider {
  readonly #hidden: ReadonlySet<string>;
  /** Classes that are the same again are hidden once: scanners know them by their identity. */
  readonly #traces = new WeakMap<TraceClass, TraceClass>();
  readonly #streams = new WeakMap<StreamClass, StreamClass>();
  readonly #events = new WeakMap<EventClass, EventClass>();

  constructor(hidden: readonly string[]) {
    this.#hidden = new Set(hidden);
  }

  inItem(item: DecodedItem): DecodedItem {
    switch (item.kind) {
      case "trace-class":
        return { ...item, traceClass: this.inTrace(item.traceClass) };
      case "packet": {
        const { header } = item;
        return {
          ...item,
          traceClass: this.inTrace(item.traceClass),
          header: { ...header, streamClass: this.#stream(header.streamClass) },
        };
      }
      default:
        return item;
    }
  }

  inTrace(traceClass: TraceClass): TraceClass {
    return known(this.#traces, traceClass, () => ({
      ...traceClass,
      streamClasses: mapped(traceClass.streamClasses, (one) => this.#stream(one)),
    }));
  }

  #stream(streamClass: StreamClass): StreamClass {
    return known(this.#streams, streamClass, () => ({
      ...streamClass,
      packetContext: this.#scope(streamClass.packetContext),
      commonContext: this.#scope(streamClass.commonContext),
      eventClasses: mapped(streamClass.eventClasses, (one) => this.#event(one)),
    }));
  }

  #event(eventClass: EventClass): EventClass {
    return known(this.#events, eventClass, () => ({
      ...eventClass,
      specificContext: this.#scope(eventClass.specificContext),
      payload: this.#scope(eventClass.payload),
    }));
  }

  #scope(scope: StructureClass | undefined): StructureClass | undefined {
    return scope === undefined ? undefined : this.#structure(scope);
  }

  #structure(structure: StructureClass): StructureClass {
    return { ...structure, members: structure.members.map((member) => this.#member(member)) };
  }

  #member(member: Member): Member {
    if (this.#hidden.has(member.name)) return { ...member, name: "", isHidden: true };
    return { ...member, fieldClass: this.#inside(member.fieldClass) };
  }

  #inside(fieldClass: FieldClass): FieldClass {
    switch (fieldClass.kind) {
      case "structure":
        return this.#structure(fieldClass);
      case "array":
        return { ...fieldClass, element: this.#inside(fieldClass.element) };
      case "optional":
        return { ...fieldClass, fieldClass: this.#inside(fieldClass.fieldClass) };
      case "variant": {
        const options = fieldClass.options.map((option) => ({
          ...option,
          fieldClass: this.#inside(option.fieldClass),
        }));
        return { ...fieldClass, options };
      }
      default:
        return fieldClass;
    }
  }
}

function known<T extends object>(cache: WeakMap<T, T>, original: T, make: () => T): T {
  let made = cache.get(original);
  if (made === undefined) {
    made = make();
    cache.set(original, made);
  }
  return made;
}

function mapped<T>(all: ReadonlyMap<number, T>, change: (one: T) => T): ReadonlyMap<number, T> {
  return new Map([...all].map(([id, one]) => [id, change(one)]));
}
