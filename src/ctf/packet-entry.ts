/** Where one packet lies in its data file. Timestamps are clock cycles. */
export interface PacketEntry {
  readonly byteOffset: number;
  readonly bytes: number;
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}
