/** The text of a metadata stream, out of its packets or bare, as it grows. */

import { MetadataError } from "../base/errors.ts";

const PACKET_MAGIC_LE = 0x75d11d57;
const PACKET_HEADER_BYTES = 37;
const LONG_PACKET_HEADER_BYTES = 44;

const NOT_ASCII = /[\x80-\xff]/;

/** Bytes may be cut anywhere: packets and UTF-8 sequences are joined. */
export class MetadataText {
  #container: "unknown" | "packets" | "text" = "unknown";
  #littleEndian = true;
  /** Bytes not yet turned into text: part of a packet, or of a UTF-8 sequence. */
  #pending: Uint8Array = new Uint8Array(0);
  #text = "";
  #uuid: Uint8Array | undefined;
  readonly #decoder = new TextDecoder();
  /** Whether all that came so far is. */
  #isAscii = true;

  /** The whole text so far. */
  get text(): string {
    return this.#text;
  }

  /** Whether the bytes so far end inside a packet. */
  get isUnfinished(): boolean {
    // A few bytes behind the last packet are nothing.
    const least = this.#container === "packets" ? PACKET_HEADER_BYTES : 1;
    return this.#pending.length >= least && this.#pending.some((byte) => byte !== 0);
  }

  /** @throws MetadataError `METADATA_PACKET` */
  append(bytes: Uint8Array): void {
    // Borrowed where nothing waits: what stays waiting is copied.
    this.#pending = this.#pending.length === 0 ? bytes : concat(this.#pending, bytes);
    this.#sniff();
    if (this.#container === "packets") this.#takePackets();
    else if (this.#container === "text") this.#takeText(this.#pending.length);
    else this.#pending = this.#pending.slice();
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
    if (contents.length > 0) this.#text += this.#decode(Buffer.concat(contents));
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
    this.#text += this.#decode(this.#pending.subarray(0, length));
    this.#pending = this.#pending.slice(length);
  }

  /** A decoder gives two bytes for each character, of which nearly all metadata have no need. */
  #decode(bytes: Uint8Array): string {
    if (this.#isAscii) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
      this.#isAscii = !NOT_ASCII.test(text);
      if (this.#isAscii) return text;
    }
    return this.#decoder.decode(bytes, { stream: true });
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
