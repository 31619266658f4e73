/** How the packets of a stream that is cut are numbered: they close up, but for packets that the original lacks. */

/** What the next packet of a stream is numbered by. */
export interface PacketNumbers {
  readonly number: bigint | undefined;
  /** In the original. */
  readonly sourceNumber: bigint | undefined;
  /** Packets that the original lacks since the last one that was written. */
  readonly missing: bigint;
  /** Events that the tracer discarded so far. */
  readonly discarded: bigint | undefined;
}

/** Where a stream's numbers come from that goes on. */
export interface Numbered {
  readonly numbers: PacketNumbers;
}
