/** A growing run of bytes with the encodings of the binary format (WebAssembly Core Specification 2.0, §5.2). */
export class ByteWriter {
  // Most runs are short, and V8 keeps arrays of up to 64 bytes on its own heap, where they cost little.
  #bytes: Uint8Array = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  bytes(values: Uint8Array): this {
    if (this.#length + values.length > this.#bytes.length) this.#grow(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
    return this;
  }

  /** Unsigned LEB128, up to 32 bits. */
  unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of an int32. */
  signed(value: number): this {
    let rest = value | 0;
    while (rest < -0x40 || rest >= 0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    return this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of an int64. */
  signed64(value: bigint): this {
    let rest = BigInt.asIntN(64, value);
    while (rest < -0x40n || rest >= 0x40n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return this.byte(Number(rest & 0x7fn));
  }

  float64(value: number): this {
    return this.bytes(new Uint8Array(Float64Array.of(value).buffer));
  }

  /** Length in bytes, then UTF-8. */
  name(text: string): this {
    return this.sized(new TextEncoder().encode(text));
  }

  /** Length in bytes, then the bytes. */
  sized(values: Uint8Array): this {
    return this.unsigned(values.length).bytes(values);
  }

  /** What was written so far; the writer may go on. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(more: number): void {
    const larger = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
