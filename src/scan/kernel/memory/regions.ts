/** Where zeroed regions of the kernel's memory come from. */
export interface Regions {
  /** Zeroed bytes at an address that is a multiple of 16. */
  allocate(bytes: number): number;
  /** A region with these bytes, followed by sixteen zeros. */
  literal(bytes: Uint8Array): number;
}
