import { MetadataError } from "../base/errors.ts";
import { ClockShift } from "./clock-shift.ts";
import {
  Ctf2Sections,
  RECORD_SEPARATOR,
  type Sections,
  TsdlSections,
} from "./metadata-sections.ts";
import { MetadataText } from "./metadata-text.ts";
import { SharedSections } from "./shared-metadata.ts";
import type { TraceClass } from "./trace-class.ts";

/** Metadata beyond this size is refused: the largest real ones (kernel, all events) take about 2 MB. */
export const MAX_METADATA_BYTES: number = 256 << 20;

/**
 * Reads a metadata stream as it grows: TSDL (CTF 1.8) or a JSON text sequence (CTF 2), in packets (TSDL of LTTng up to
 * 2.13) or bare (from 2.14 on).
 *
 * Bytes may be cut anywhere: packets are joined, and a declaration or fragment whose end has not come yet waits for it.
 * @see CTF 1.8.3 §7.1, CTF2-SPEC-2.0 §5; lttng-tools 2.13 writes packets, 2.16 bare text (measured)
 */
export class MetadataReader {
  readonly #clockShift: ClockShift;
  readonly #text = new MetadataText();
  #received = 0;
  #sections: Sections | undefined;
  #traceClass: TraceClass | undefined;

  /** @param clockOffsetNs added to the times of all clocks */
  constructor(clockOffsetNs: bigint = 0n) {
    this.#clockShift = new ClockShift(clockOffsetNs);
  }

  /** The trace class so far; `undefined` before the `trace` block, or before CTF 2's first data stream class. */
  get traceClass(): TraceClass | undefined {
    return this.#traceClass;
  }

  /** The whole metadata text so far. */
  get text(): string {
    return this.#text.text;
  }

  /** Whether the text ends inside a declaration or fragment. */
  get isUnfinished(): boolean {
    return this.#text.isUnfinished || (this.#sections?.isUnfinished(this.text) ?? false);
  }

  /** Why what has come so far cannot be read, where later text may mend it. */
  get problem(): MetadataError | undefined {
    return this.#sections?.problem;
  }

  /**
   * Ends the metadata: what waits for later declarations is settled, or refused.
   * @returns the trace class of all bytes
   * @throws MetadataError, `METADATA_INCOMPLETE` where the text ends too early
   */
  finish(): TraceClass {
    if (this.problem !== undefined) throw this.problem;
    if (this.isUnfinished)
      throw new MetadataError(
        "METADATA_INCOMPLETE",
        "expected complete metadata, got text that ends inside a declaration",
      );
    const traceClass = this.#sections?.finish();
    this.#traceClass = traceClass && this.#clockShift.traceClass(traceClass);
    if (this.#traceClass !== undefined) return this.#traceClass;
    throw new MetadataError(
      "METADATA_INCOMPLETE",
      "expected complete metadata, got none with a trace and a stream class",
    );
  }

  /**
   * Adds bytes.
   * @returns the new trace class if anything was declared, otherwise `undefined`
   * @throws MetadataError with line and column, where the text is wrong
   */
  append(bytes: Uint8Array): TraceClass | undefined {
    this.#received += bytes.length;
    if (this.#received > MAX_METADATA_BYTES) {
      throw new MetadataError(
        "METADATA_SIZE",
        `metadata: expected at most ${MAX_METADATA_BYTES} bytes, got more`,
      );
    }
    this.#text.append(bytes);
    const { text } = this.#text;
    if (text === "") return undefined;
    this.#sections ??=
      text.charCodeAt(0) === RECORD_SEPARATOR
        ? new Ctf2Sections()
        : new SharedSections(() => new TsdlSections());
    const declared = this.#sections.take(text);
    if (declared === undefined) return undefined;
    this.#traceClass = this.#clockShift.traceClass(declared);
    return this.#traceClass;
  }
}
