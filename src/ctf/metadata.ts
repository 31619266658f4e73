import { MetadataError } from "../base/errors.ts";
import { ClockShift } from "./clock-shift.ts";
import {
  Ctf2Sections,
  RECORD_SEPARATOR,
  type Sections,
  TsdlSections,
} from "./metadata-sections.ts";
import type { TraceClass } from "./trace-class.ts";

/** Metadata beyond this size is refused: the largest real ones (kernel, all events) take about 2 MB. */
export const MAX_METADATA_BYTES: number = 256 << 20;
const PACKET_MAGIC_LE = 0x75d11d57;
const PACKET_HEADER_BYTES = 37;
const LONG_PACKET_HEADER_BYTES = 44;

/**
 * Reads a metadata stream as it grows: TSDL (CTF 1.8) or a JSON text sequence (CTF 2), in packets (TSDL of LTTng up to
 * 2.13) or bare (from 2.14 on).
 *
 * Bytes may be cut anywhere: packets are joined, and a declaration or fragment whose end has not come yet waits for it.
 * @see CTF 1.8.3 §7.1, CTF2-SPEC-2.0 §5; lttng-tools 2.13 writes packets, 2.16 bare text (measured)
 */
export class MetadataReader {
  readonly #clockShift: ClockShift;
  #container: "unknown" | "packets" | "text" = "unknown";
  #littleEndian = true;
  /** Bytes not yet turned into text: part of a packet, or of a UTF-8 sequence. */
  #pending = new Uint8Array(0);
  #received = 0;
  #text = "";
  #uuid: Uint8Array | undefined;
  readonly #decoder = new TextDecoder();
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
    return this.#text;
  }

  /** Whether the text ends inside a declaration or fragment. */
  get isUnfinished(): boolean {
    // A few bytes behind the last packet are nothing.
    const least = this.#container === "packets" ? PACKET_HEADER_BYTES : 1;
    if (this.#pending.length >= least && this.#pending.some((byte) => byte !== 0)) return true;
    return this.#sections?.isUnfinished(this.#text) ?? false;
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
    this.#pending = concat(this.#pending, bytes);
    this.#sniff();
    if (this.#container === "packets") this.#takePackets();
    else if (this.#container === "text") this.#takeText(this.#pending.length);
    if (this.#text === "") return undefined;
    this.#sections ??=
      this.#text.charCodeAt(0) === RECORD_SEPARATOR ? new Ctf2Sections() : new TsdlSections();
    const declared = this.#sections.take(this.#text);
    if (declared === undefined) return undefined;
    this.#traceClass = this.#clockShift.traceClass(declared);
    return this.#traceClass;
  }

  #sniff(): void {
    if (this.#container !== "unknown" || this.#pending.length < 4) return;
    const view = viewOf(this.#pending);
    this.#littleEndian = view.getUint32(0, true) === PACKET_MAGIC_LE;
    const isPacket = this.#littleEndian || view.getUint32(0, false) === PACKET_MAGIC_LE;
    this.#container = isPacket ? "packets" : "text";
  }

  /**
   * Metadata packet header, 37 bytes: 0 u32 magic · 4 u8[16] uuid · 20 u32 checksum · 24 u32 content_size (bits,
   * header included) · 28 u32 packet_size (bits) · 32 u8 compression · 33 encryption · 34 checksum scheme · 35 major · 36 minor.
   * CTF2-PMETA-1.0 goes on: 37 u8[3] 0 · 40 u32 header size (bits).
   */
  #takePackets(): void {
    let pending = this.#pending.subarray();
    const contents: Uint8Array[] = [];
    while (pending.length >= PACKET_HEADER_BYTES) {
      const view = viewOf(pending);
      if (view.getUint32(0, this.#littleEndian) !== PACKET_MAGIC_LE) {
        // The last packet's padding may be cut short; anything else is no metadata.
        if (pending.every((byte) => byte === 0)) break;
        throw new MetadataError(
          "METADATA_PACKET",
          `metadata packet: expected magic 75d11d57, got ${hex(view.getUint32(0, this.#littleEndian))}`,
        );
      }
      const contentBits = view.getUint32(24, this.#littleEndian);
      const packetBits = view.getUint32(28, this.#littleEndian);
      const isWhole = contentBits % 8 === 0 && packetBits % 8 === 0;
      if (!isWhole || contentBits < PACKET_HEADER_BYTES * 8 || packetBits < contentBits) {
        throw new MetadataError(
          "METADATA_PACKET",
          `metadata packet: expected content of at least 296 bits inside the packet, got ${contentBits} of ${packetBits}`,
        );
      }
      if (view.getUint8(32) !== 0 || view.getUint8(33) !== 0 || view.getUint8(34) !== 0) {
        throw new MetadataError(
          "METADATA_PACKET",
          "metadata packet: expected no compression, no encryption and no checksum",
        );
      }
      const version = `${view.getUint8(35)}.${view.getUint8(36)}`;
      if (version !== "1.8" && version !== "2.0") {
        throw new MetadataError(
          "METADATA_PACKET",
          `metadata packet: expected version 1.8 or 2.0, got ${version}`,
        );
      }
      this.#checkUuid(pending.subarray(4, 20));
      if (pending.length < packetBits / 8) break;
      const content = pending.subarray(this.#headerBytes(view, contentBits), contentBits / 8);
      contents.push(content);
      pending = pending.subarray(packetBits / 8);
    }
    // All at once: a text that is joined of pieces is slower to read.
    if (contents.length > 0)
      this.#text += this.#decoder.decode(Buffer.concat(contents), { stream: true });
    this.#pending = pending.slice();
  }

  /** Where a packet's text begins. Longer headers have zeros behind the version, which no text begins with. */
  #headerBytes(view: DataView, contentBits: number): number {
    const isLong = view.getUint8(35) === 2 && contentBits >= LONG_PACKET_HEADER_BYTES * 8;
    if (!isLong || [37, 38, 39].some((at) => view.getUint8(at) !== 0)) return PACKET_HEADER_BYTES;
    const bits = view.getUint32(40, this.#littleEndian);
    if (bits % 8 === 0 && bits >= LONG_PACKET_HEADER_BYTES * 8 && bits <= contentBits)
      return bits / 8;
    throw new MetadataError(
      "METADATA_PACKET",
      `metadata packet: expected a header from ${LONG_PACKET_HEADER_BYTES * 8} to ${contentBits} bits, got ${bits}`,
    );
  }

  /** All packets are of one trace. */
  #checkUuid(uuid: Uint8Array): void {
    this.#uuid ??= uuid.slice();
    if (this.#uuid.every((byte, i) => byte === uuid[i])) return;
    throw new MetadataError(
      "METADATA_PACKET",
      `metadata packet: expected the first packet's UUID ${uuidText(this.#uuid)}, got ${uuidText(uuid)}`,
    );
  }

  #takeText(length: number): void {
    this.#text += this.#decoder.decode(this.#pending.subarray(0, length), { stream: true });
    this.#pending = this.#pending.slice(length);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function uuidText(uuid: Uint8Array): string {
  return Buffer.from(uuid).toString("hex");
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
