/** Metadata text that grows, in either language: what is complete is declared, the rest waits. */

import { MetadataError } from "../base/errors.ts";
import { Ctf2Trace } from "./ctf2-trace.ts";
import { DeclarationEnd } from "./declaration-end.ts";
import { parseJson, UnfinishedJson } from "./json.ts";
import { metadataError } from "./metadata-error.ts";
import type { TraceClass } from "./trace-class.ts";
import type { Declaration } from "./tsdl-ast.ts";
import { parseTsdl } from "./tsdl-parser.ts";
import { TsdlTrace } from "./tsdl-trace.ts";
import type { IntegerCache } from "./tsdl-type-parser.ts";

export interface Sections {
  /**
   * Takes what has become complete.
   * @param text all of it so far
   * @returns the new trace class if anything was declared
   * @throws MetadataError where no later text can mend what is wrong
   */
  take(text: string): TraceClass | undefined;
  /** Why what has come so far cannot be read, where later text may mend it. */
  readonly problem: MetadataError | undefined;
  /** Whether nothing waits for later text, so that an end changes nothing. */
  readonly isSettled: boolean;
  /** Whether the text ends inside a declaration or fragment. */
  isUnfinished(text: string): boolean;
  /**
   * Ends the text.
   * @returns the trace class of all of it
   * @throws MetadataError where something is missing
   */
  finish(): TraceClass | undefined;
}

/** Errors that declarations further on in the text would have prevented. */
const MENDABLE: ReadonlySet<string> = new Set([
  "TSDL_NO_TRACE",
  "TSDL_UNKNOWN_TYPE",
  "TSDL_UNKNOWN_CLOCK",
  "TSDL_UNKNOWN_ENVIRONMENT",
]);

/**
 * However the text is cut, the class is that of the whole: events and streams are added to it as they come; after any other
 * declaration, which may change what came before, all is declared again.
 */
export class TsdlSections implements Sections {
  #parsed = 0;
  /** Of the declaration that has begun behind that. */
  #end: DeclarationEnd | undefined;
  #unfinished: MetadataError | undefined;
  readonly #integers: IntegerCache = new Map();
  #trace = new TsdlTrace();
  #undeclared: MetadataError | undefined;

  get problem(): MetadataError | undefined {
    return this.#undeclared ?? this.#unfinished;
  }

  get isSettled(): boolean {
    return this.problem === undefined && this.#trace.isSettled;
  }

  take(text: string): TraceClass | undefined {
    if (this.#end?.isIn(text) === false) return undefined;
    const isFirst = this.#parsed === 0;
    const { declarations, consumed, problem } = parseTsdl(text, this.#parsed, this.#integers);
    this.#parsed = consumed;
    this.#end = consumed < text.length ? new DeclarationEnd(consumed) : undefined;
    this.#unfinished = problem;
    if (declarations.length === 0) return undefined;
    const growing = this.#undeclared === undefined && this.#trace.canGrowBy(declarations);
    if (growing) return this.#declare(declarations, text);
    // Another event does not mend what is missing before it.
    if (this.#undeclared !== undefined && isNothingButEvents(declarations)) return undefined;
    this.#trace = new TsdlTrace();
    const all = isFirst ? declarations : parseTsdl(text, 0, this.#integers).declarations;
    return this.#declare(all, text);
  }

  isUnfinished(text: string): boolean {
    const rest = text.slice(this.#parsed).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|\0/g, "");
    return rest.trim() !== "";
  }

  finish(): TraceClass | undefined {
    return this.#trace.finish();
  }

  #declare(declarations: readonly Declaration[], text: string): TraceClass | undefined {
    this.#undeclared = undefined;
    try {
      return this.#trace.add(declarations, text);
    } catch (error) {
      if (!(error instanceof MetadataError && MENDABLE.has(error.code))) throw error;
      this.#undeclared = error;
      return undefined;
    }
  }
}

function isNothingButEvents(declarations: readonly Declaration[]): boolean {
  return declarations.every(({ kind, ...rest }) => "block" in rest && rest.block === "event");
}

/** ASCII RS: stands before each fragment of a JSON text sequence (RFC 7464). */
export const RECORD_SEPARATOR = 0x1e;
const SEPARATOR = String.fromCharCode(RECORD_SEPARATOR);

export class Ctf2Sections implements Sections {
  #parsed = 0;
  readonly #trace = new Ctf2Trace();
  /** Fragments are declared in their order, so that only waiting event classes are mended by later ones. */
  readonly problem = undefined;
  readonly isSettled = false;

  take(text: string): TraceClass | undefined {
    while (this.#parsed < text.length) {
      const from = this.#parsed + (text[this.#parsed] === SEPARATOR ? 1 : 0);
      const next = text.indexOf(SEPARATOR, from);
      const to = next === -1 ? text.length : next;
      if (!isBlank(text, from, to) && !this.#fragment(text, from, to, next !== -1)) break;
      this.#parsed = to;
    }
    return this.#trace.take();
  }

  isUnfinished(text: string): boolean {
    return !isBlank(text, this.#parsed, text.length);
  }

  finish(): TraceClass | undefined {
    return this.#trace.finish();
  }

  /** False if the fragment's end has not come yet. */
  #fragment(text: string, from: number, to: number, isFollowed: boolean): boolean {
    // The last one may still grow; it is an object, so that its end is known.
    if (!isFollowed && !endsWithBrace(text, from, to)) return false;
    try {
      this.#trace.add(parseJson(text, from, to), text);
      return true;
    } catch (error) {
      if (!(error instanceof UnfinishedJson)) throw error;
      if (!isFollowed) return false;
      throw metadataError(
        text,
        "JSON_SYNTAX",
        "expected a whole JSON value before the next fragment",
        { start: to, end: to + 1 },
      );
    }
  }
}

/** NUL bytes pad what some writers write. */
function isBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!BLANKS.includes(text[i]!)) return false;
  return true;
}

function endsWithBrace(text: string, from: number, to: number): boolean {
  let end = to;
  while (end > from && BLANKS.includes(text[end - 1]!)) end--;
  return text[end - 1] === "}";
}

const BLANKS = ` \t\r\n\0${SEPARATOR}`;
