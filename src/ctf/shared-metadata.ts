/**
 * Traces of the same applications, or of the same kernel, have the same metadata but for what identifies each: UUID, environment, and when
 * its clock began. What such texts declare is read once, and shared by all of them, with the same stream and event classes.
 */

import { MetadataError } from "../base/errors.ts";
import { readKept, writeKept } from "./kept-classes.ts";
import type { Sections } from "./metadata-sections.ts";
import type { ClockClass, EventClass, StreamClass, TraceClass } from "./trace-class.ts";

/** Texts whose classes are kept, and their characters in all. The oldest give way. */
const MAX_TEXTS = 32;
const MAX_CHARACTERS = 8 << 20;

/** By text without what identifies a trace. */
const known = new Map<string, TraceClass>();
let characters = 0;

/**
 * Reads text that grows, and none of it where another trace's is the same.
 *
 * @param make what reads text
 */
export class SharedSections implements Sections {
  readonly #make: () => Sections;
  #own: Sections | undefined;
  /** The text that needed no reading. */
  #text = "";
  #shared: TraceClass | undefined;
  /** What our own reading of that text gives, once it has grown. */
  #read: TraceClass | undefined;

  constructor(make: () => Sections) {
    this.#make = make;
  }

  get problem(): MetadataError | undefined {
    return this.#own?.problem;
  }

  get isSettled(): boolean {
    return this.#own?.isSettled ?? true;
  }

  take(text: string): TraceClass | undefined {
    if (this.#own !== undefined) return this.#withShared(this.#own.take(text));
    if (this.#shared !== undefined) {
      if (text === this.#text) return undefined;
      // It has grown: what was shared is read after all.
      this.#own = this.#make();
      this.#read = this.#own.take(this.#text);
      this.#text = "";
      return this.#withShared(this.#own.take(text));
    }
    const parts = partsOf(text);
    this.#shared = parts && sharedClass(parts, this.#make);
    if (this.#shared !== undefined) {
      this.#text = text;
      return this.#shared;
    }
    this.#own = this.#make();
    const traceClass = this.#own.take(text);
    const isWhole = this.#own.isSettled && !this.#own.isUnfinished(text);
    if (parts !== undefined && traceClass !== undefined && isWhole) {
      keep(parts.key, traceClass);
      writeKept(parts.key, traceClass);
    }
    return traceClass;
  }

  isUnfinished(text: string): boolean {
    return this.#own?.isUnfinished(text) ?? text !== this.#text;
  }

  finish(): TraceClass | undefined {
    return this.#own === undefined ? this.#shared : this.#withShared(this.#own.finish());
  }

  /** Classes that did not change stay the objects that they were: the shared ones. */
  #withShared(grown: TraceClass | undefined): TraceClass | undefined {
    const [before, shared] = [this.#read, this.#shared];
    if (grown === undefined || before === undefined || shared === undefined) return grown;
    const streamClasses = new Map<number, StreamClass>();
    for (const [id, now] of grown.streamClasses) {
      const [read, own] = [before.streamClasses.get(id), shared.streamClasses.get(id)];
      if (read === undefined || own === undefined) streamClasses.set(id, now);
      else if (now === read) streamClasses.set(id, own);
      else streamClasses.set(id, { ...now, eventClasses: eventsOf(now, read, own) });
    }
    return { ...grown, streamClasses };
  }
}

function eventsOf(
  now: StreamClass,
  read: StreamClass,
  own: StreamClass,
): ReadonlyMap<number, EventClass> {
  const events = new Map<number, EventClass>();
  for (const [id, event] of now.eventClasses) {
    const isSame = event === read.eventClasses.get(id);
    events.set(id, (isSame ? own.eventClasses.get(id) : undefined) ?? event);
  }
  return events;
}

interface Parts {
  /** The text without what identifies a trace. */
  readonly key: string;
  /** Everything up to the first stream or event, which has what identifies it. */
  readonly head: string;
}

const FIRST_STREAM = /^(?:stream|event)\s*\{/m;
const ENVIRONMENT = /^env\s*\{(?:[^}"]|"(?:[^"\\]|\\.)*")*\}/m;
const IDENTITY = /\b(?:env|clock|trace)\s*\{/;
const UUID = /\buuid\s*=\s*"[0-9a-f-]*"/g;
const OFFSET = /\boffset(_s)?\s*=\s*-?\d+/g;

/** `undefined` for text of another form. What is left out wrongly only makes that texts are not known again, or read as their own. */
function partsOf(text: string): Parts | undefined {
  const end = text.search(FIRST_STREAM);
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const rest = text.slice(end);
  const bare = head.replace(ENVIRONMENT, "env").replace(UUID, "uuid").replace(OFFSET, "offset$1");
  // What the environment says may be part of a type, and what identifies the trace may come later.
  if (/\benv\s*\./.test(text) || IDENTITY.test(rest)) return undefined;
  return { key: `${bare}\0${rest}`, head };
}

/** The class of a text whose like is known. */
function sharedClass({ key, head }: Parts, make: () => Sections): TraceClass | undefined {
  const like = known.get(key) ?? kept(key);
  if (like === undefined) return undefined;
  const own = headClass(head, make);
  if (own === undefined) return undefined;
  const { uuid, environment, clocks } = own;
  const streamClasses = new Map<number, StreamClass>();
  for (const [id, streamClass] of like.streamClasses)
    streamClasses.set(id, { ...streamClass, clock: ownClock(streamClass.clock, clocks) });
  return { ...like, uuid, environment, clocks, streamClasses };
}

/** The class that an earlier run of the program read of a text. */
function kept(key: string): TraceClass | undefined {
  const traceClass = readKept(key);
  if (traceClass !== undefined) keep(key, traceClass);
  return traceClass;
}

function headClass(head: string, make: () => Sections): TraceClass | undefined {
  const sections = make();
  try {
    return sections.take(head);
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

function ownClock(
  clock: ClockClass | undefined,
  clocks: ReadonlyMap<string, ClockClass>,
): ClockClass | undefined {
  return clock && (clocks.get(clock.name) ?? clock);
}

function keep(key: string, traceClass: TraceClass): void {
  known.set(key, traceClass);
  characters += key.length;
  for (const oldest of known.keys()) {
    if (known.size <= MAX_TEXTS && characters <= MAX_CHARACTERS) break;
    known.delete(oldest);
    characters -= oldest.length;
  }
}
