/**
 * What a filter program sees of one event record: where each field it refers to lies in the packet.
 *
 * `scan/` walks the record once and fills the two tables; entry `i` belongs to `LinkedProgram.fields[i]`.
 * The view is reused from record to record.
 */
export interface RecordView {
  /** The whole packet. */
  bytes: Uint8Array;
  /** First bit of field `i`, counted from the packet's start; -1 where a variant left the field out. */
  readonly bitOffsets: Int32Array;
  /** Text: bytes before the first NUL. Arrays: elements. Otherwise unused. */
  readonly lengths: Int32Array;
  /** The record's time in ns since the Unix epoch, as the halves of a 64-bit integer. */
  readonly timeHi: number;
  readonly timeLo: number;
}
