/** Bytes that grow: pages of a Parquet file, and Thrift's compact integers. */

export class PageBytes {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number = 1 << 12) {
    this.bytes = new Uint8Array(capacity);
  }

  get written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Room for so many bytes more. */
  ensure(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.written);
    this.bytes = larger;
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.ensure(4);
    for (let shift = 0; shift < 32; shift += 8) this.bytes[this.length++] = value >>> shift;
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** LEB128 of an unsigned integer below 2^32. */
  varint(value: number): void {
    this.ensure(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** LEB128 of a 64-bit integer in zigzag coding, in two halves. */
  zigzag64(lo: number, hi: number): void {
    const sign = hi >> 31;
    let low = ((lo << 1) ^ sign) >>> 0;
    let high = (((hi << 1) | (lo >>> 31)) ^ sign) >>> 0;
    this.ensure(10);
    while (high > 0 || low > 0x7f) {
      this.bytes[this.length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.bytes[this.length++] = low;
  }

  /** A field of a Thrift structure, an i32, so many ids behind the one before. */
  field(delta: number, value: number): void {
    this.u8((delta << 4) | I32);
    this.varint((value << 1) ^ (value >> 31));
  }
}

const I32 = 5;
