/** The control group of a container's first process, and what it may use; 0 for no limit. */
export interface ControlGroup {
  /** Where it is in its hierarchy: `/kubepods.slice/…`. */
  readonly path: string;
  /** Processor time, in thousandths of a processor. */
  readonly cpuMax: number;
  /** Memory, in bytes. */
  readonly memoryMax: number;
  /** Tasks. */
  readonly pidsMax: number;
}
