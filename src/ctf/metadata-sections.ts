/** Metadata text that grows, in either language: what is complete is declared, the rest waits. */

import { Ctf2Trace } from "./ctf2-trace.ts";
import { parseJson, UnfinishedJson } from "./json.ts";
import { metadataError } from "./metadata-error.ts";
import type { TraceClass } from "./trace-class.ts";
import { type IntegerCache, parseTsdl } from "./tsdl-parser.ts";
import { TsdlTrace } from "./tsdl-trace.ts";

export interface Sections {
  /**
   * Takes what has become complete.
   * @param text all of it so far
   * @returns the new trace class if anything was declared
   */
  take(text: string): TraceClass | undefined;
  /** Whether the text ends inside a declaration or fragment. */
  isUnfinished(text: string): boolean;
}

export class TsdlSections implements Sections {
  #parsed = 0;
  readonly #integers: IntegerCache = new Map();
  readonly #trace = new TsdlTrace();

  take(text: string): TraceClass | undefined {
    const { declarations, consumed } = parseTsdl(text, this.#parsed, this.#integers);
    if (declarations.length === 0) return undefined;
    const traceClass = this.#trace.add(declarations, text);
    // Without a trace block yet, the declarations are read again together with it.
    if (traceClass !== undefined) this.#parsed = consumed;
    return traceClass;
  }

  isUnfinished(text: string): boolean {
    const rest = text.slice(this.#parsed).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|\0/g, "");
    return rest.trim() !== "";
  }
}

/** ASCII RS: stands before each fragment of a JSON text sequence (RFC 7464). */
export const RECORD_SEPARATOR = 0x1e;
const SEPARATOR = String.fromCharCode(RECORD_SEPARATOR);

export class Ctf2Sections implements Sections {
  #parsed = 0;
  readonly #trace = new Ctf2Trace();

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

  /** False if the fragment's end has not come yet. */
  #fragment(text: string, from: number, to: number, isFollowed: boolean): boolean {
    // The last one may still grow; it is an object, so that its end can be told.
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
