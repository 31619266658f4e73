import type { Container, ContainerInstance, ContainerRecord } from "./container.ts";

/** Container instances by the inode of a namespace, oldest first: the kernel gives an inode to one after the other. */
export class InstanceIndex {
  readonly #byInode = new Map<number, ContainerInstance[]>();

  /** How many inodes have had instances. */
  get size(): number {
    return this.#byInode.size;
  }

  has(inode: number): boolean {
    return this.#byInode.has(inode);
  }

  of(inode: number): readonly ContainerInstance[] {
    return this.#byInode.get(inode) ?? [];
  }

  all(): IterableIterator<readonly [number, readonly ContainerInstance[]]> {
    return this.#byInode.entries();
  }

  /** The last instance that had begun. */
  latest(inode: number, ns: bigint): ContainerInstance | undefined {
    return this.#byInode.get(inode)?.findLast(({ from }) => from === undefined || from <= ns);
  }

  /** Adds an instance behind those that began before it. */
  insert(inode: number, instance: ContainerInstance): void {
    const instances = this.#listOf(inode);
    const { from } = instance;
    const after = instances.findLastIndex(
      (one) => one.from === undefined || one.from <= (from ?? 0n),
    );
    instances.splice(from === undefined ? 0 : after + 1, 0, instance);
  }

  /** Adds an instance behind all others. */
  append(inode: number, instance: ContainerInstance): void {
    this.#listOf(inode).push(instance);
  }

  /**
   * Forgets what ended before a time.
   * @returns containers that have no instance any more
   */
  forgetBefore(ns: bigint): readonly Container[] {
    const ended: Container[] = [];
    for (const [inode, instances] of this.#byInode) {
      const kept = instances.filter(({ to }) => to === undefined || to >= ns);
      for (const { container } of instances) {
        const { instances: own } = container;
        own.splice(0, own.length, ...own.filter(({ to }) => to === undefined || to >= ns));
        if (own.length === 0) ended.push(container);
      }
      if (kept.length === 0) this.#byInode.delete(inode);
      else if (kept.length < instances.length) this.#byInode.set(inode, kept);
    }
    return ended;
  }

  #listOf(inode: number): ContainerInstance[] {
    let instances = this.#byInode.get(inode);
    if (instances === undefined) {
      instances = [];
      this.#byInode.set(inode, instances);
    }
    return instances;
  }
}

/** A container record has a start in ticks, and by another clock than the trace's. */
const START_SLACK_NS = 20_000_000n;

/** When a record's instance began, if it is known, and after the beginning of the one before. */
export function startOf(
  { startNs = 0n }: ContainerRecord,
  before: ContainerInstance,
): bigint | undefined {
  if (startNs === 0n) return undefined;
  const start = startNs - START_SLACK_NS;
  return before.from === undefined || before.from < start ? start : undefined;
}

/** Whether the namespaces of an instance may be another's at a time. */
export function isOver({ isEndReported, to }: ContainerInstance, ns: bigint): boolean {
  return isEndReported && to !== undefined && ns > to;
}
