/**
 * One traced machine, from boot to boot: which namespaces and tasks it has had, and which container each was at any time.
 * Inodes and task ids are reused at once, so that all is kept by time.
 */

import {
  Container,
  type ContainerRecord,
  HOST_NAME,
  type Life,
  UNNAMED_TYPE,
} from "./container.ts";
import { type Span, Tasks } from "./tasks.ts";

/** The initial pid namespace: a constant of the kernel (PROC_PID_INIT_INO). */
export const HOST_PID_NS = 4_026_531_836;

/** A task's turn on a processor. */
interface Turn {
  readonly from: bigint;
  readonly tid: number;
}

/** A record tells a start in ticks, and by another clock than the trace's. */
const START_SLACK_NS = 20_000_000n;

/** More turns than this are not kept of one processor. */
const MAX_TURNS = 1 << 20;

export class Host {
  readonly name: string;
  readonly #containers = new Map<string, Container>();
  /** Lives by the inode of their pid namespace, oldest first. */
  readonly #byPidNs = new Map<number, Life[]>();
  /** Lives that records tell apart by their mount namespace. */
  readonly #byMntNs = new Map<number, Life[]>();
  readonly #tasks: Tasks;
  /** Deepest level that a state dump has told of a task. */
  readonly #levels = new Map<number, number>();
  /** Whose turn it was on each processor, for traces that do not say whose an event is. */
  readonly #turns = new Map<number, Turn[]>();
  readonly #hostLife: Life;
  /** Grows whenever what a name or namespace means may have changed. */
  version = 0;

  /** @param isLive whether tasks that have ended are forgotten after a while */
  constructor(name: string, isLive: boolean = false) {
    this.name = name;
    this.#tasks = new Tasks(isLive);
    const container = this.#container(HOST_NAME, "host");
    this.#hostLife = this.#begin(container, HOST_PID_NS, undefined);
  }

  /** Containers in the order in which they were met. */
  get containers(): readonly Container[] {
    return [...this.#containers.values()].filter(({ lives }) => lives.length > 0);
  }

  /** A state dump tells a task's namespace, once for each level it is nested in. */
  dumped(ns: bigint, tid: number, level: number, pidNs: number, vtid: number): void {
    if (level < (this.#levels.get(tid) ?? 0)) return;
    this.#levels.set(tid, level);
    const life = this.#lifeAt(pidNs, ns) ?? this.#unnamed(pidNs, undefined);
    if (vtid === 1 && life !== this.#hostLife) life.initPid ??= tid;
    this.#tasks.enters(tid, ns, life);
  }

  /** A task is born; in a new namespace if its own is another than its parent's and it is the first there. */
  forked(ns: bigint, child: number, parentNs: number, childNs: number, lastVtid: number): void {
    this.#levels.delete(child);
    const isBirth = childNs !== parentNs && lastVtid === 1;
    let life = isBirth ? undefined : this.#lifeAt(childNs, ns);
    if (life === undefined) {
      life = this.#unnamed(childNs, isBirth ? ns : undefined);
      life.parent = this.#lifeAt(parentNs, ns);
    }
    if (lastVtid === 1 && life !== this.#hostLife) life.initPid = child;
    this.#tasks.enters(child, ns, life);
  }

  /** A task ends, and with its init a container's life. */
  exited(ns: bigint, tid: number): void {
    this.#levels.delete(tid);
    const life = this.#tasks.latest(tid);
    this.#tasks.exits(tid, ns);
    if (life === undefined || life === this.#hostLife || life.initPid !== tid) return;
    life.to ??= ns;
    this.version++;
  }

  /** A processor goes over to another task. */
  switched(ns: bigint, cpu: number, next: number): void {
    const turns = this.#turns.get(cpu) ?? [];
    this.#turns.set(cpu, turns);
    turns.push({ from: ns, tid: next });
    if (turns.length > MAX_TURNS) turns.splice(0, MAX_TURNS >> 1);
  }

  /** The task that runs on a processor at a time: the event of a switch is still that of the task that goes. */
  runningOn(cpu: number, ns: bigint): number | undefined {
    const turns = this.#turns.get(cpu);
    if (turns === undefined) return undefined;
    let low = 0;
    let high = turns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (turns[middle]!.from < ns) low = middle + 1;
      else high = middle;
    }
    return turns[low - 1]?.tid;
  }

  /** A record names a namespace: the life that it has now, from its beginning. */
  recorded(ns: bigint, record: ContainerRecord): void {
    const life = this.#lifeOf(record, ns);
    if (life === undefined) return;
    const container = this.#container(record.name, record.type);
    container.id ??= record.id || undefined;
    container.image ??= record.image || undefined;
    container.pod ??= record.pod || undefined;
    container.podNamespace ??= record.podNamespace || undefined;
    const isShared = record.mntNs !== 0 && this.#isShared(life, record);
    const named = isShared
      ? this.#recordMount(ns, container, record)
      : this.#rename(life, container, record);
    if (record.endNs === 0n || named === this.#hostLife || named.to !== undefined) return;
    named.to = record.endNs;
    named.isEndTold = true;
    this.version++;
  }

  /**
   * Whose an event is.
   *
   * @param pidNs 0 if its context says nothing, or only that its task is dying
   * @param mntNs 0 likewise
   * @param tid of its task on the host, where anything tells it
   */
  resolve(ns: bigint, pidNs: number, mntNs: number, tid: number | undefined): Life | undefined {
    if (mntNs !== 0) {
      const life = latest(this.#byMntNs.get(mntNs), ns);
      if (life !== undefined && !isOver(life, ns)) return life;
    }
    if (pidNs !== 0) {
      const life = this.#lifeAt(pidNs, ns);
      if (life === undefined) return this.#unnamed(pidNs, undefined);
      return isOver(life, ns) ? this.#unnamed(pidNs, life.to) : life;
    }
    return tid === undefined ? undefined : this.#tasks.at(tid, ns);
  }

  /** Whether a pid namespace has always been one container, that its mount namespaces do not divide. */
  isSettled(pidNs: number): boolean {
    const lives = this.#byPidNs.get(pidNs) ?? [];
    const [first] = lives;
    return (
      lives.every(({ container, isEndTold }) => container === first?.container && !isEndTold) &&
      this.#byMntNs.size === 0
    );
  }

  get hasMounts(): boolean {
    return this.#byMntNs.size > 0;
  }

  /** Inodes of pid namespaces that some life has. */
  *pidNamespaces(): Generator<readonly [number, readonly Life[]]> {
    yield* this.#byPidNs;
  }

  /** When tasks that have ended were in wanted containers. */
  exitedSpans(isWanted: (life: Life) => boolean): Generator<Span> {
    return this.#tasks.exitedSpans(isWanted);
  }

  /** Which life a record speaks of; one whose birth nobody saw begins with it. */
  #lifeOf(record: ContainerRecord, ns: bigint): Life | undefined {
    const { pidNs, mntNs, initPid, initVpid } = record;
    const lives = this.#byPidNs.get(pidNs) ?? [];
    // A late record may speak of a life that is over, in a namespace that is another's by now.
    const byInit = initPid === 0 ? undefined : lives.findLast((life) => life.initPid === initPid);
    if (byInit !== undefined) return byInit;
    const current = latest(lives, ns);
    if (current === undefined)
      return pidNs === 0 && mntNs === 0 ? undefined : this.#unnamed(pidNs, undefined);
    const isOther = initPid !== 0 && current.initPid !== undefined && current !== this.#hostLife;
    // Who is not the namespace's own init may be one more in it.
    if (!isOther || (mntNs !== 0 && initVpid !== 1)) return current;
    const start = startOf(record, current) ?? ns;
    current.to ??= start;
    return this.#unnamed(pidNs, start);
  }

  /** Whether others live in the same pid namespace: the host, or another container of a pod. */
  #isShared(life: Life, { name, mntNs, initVpid }: ContainerRecord): boolean {
    if (life === this.#hostLife) return true;
    if (initVpid > 0) return initVpid > 1;
    if (this.#byMntNs.has(mntNs)) return true;
    return life.container.isNamed && life.container.name !== name && life.to === undefined;
  }

  #recordMount(ns: bigint, container: Container, { mntNs, initPid }: ContainerRecord): Life {
    const lives = this.#byMntNs.get(mntNs) ?? [];
    const last = lives.at(-1);
    const isAnew = last?.initPid !== undefined && initPid !== 0 && last.initPid !== initPid;
    if (last?.container === container && !isAnew) return last;
    const life: Life = {
      container,
      pidNs: 0,
      mntNs,
      initPid: initPid || undefined,
      parent: undefined,
      // What was there before anybody spoke of the namespace was this one already.
      from: last === undefined ? undefined : ns,
      to: undefined,
      isEndTold: false,
    };
    lives.push(life);
    this.#byMntNs.set(mntNs, lives);
    container.lives.push(life);
    this.version++;
    return life;
  }

  /** Gives a life to the container that a record names. */
  #rename(life: Life, container: Container, record: ContainerRecord): Life {
    const { mntNs, initPid } = record;
    if (mntNs !== 0) life.mntNs = mntNs;
    life.initPid ??= initPid || undefined;
    if (life.container === container || life === this.#hostLife) return life;
    // The end of the life before is told later than it was; the start of this one is known.
    const before = this.#before(life);
    if (before?.isEndTold === true) life.from = startOf(record, before) ?? life.from;
    const { lives } = life.container;
    lives.splice(lives.indexOf(life), 1);
    life.container = container;
    container.lives.push(life);
    this.version++;
    return life;
  }

  #before(life: Life): Life | undefined {
    const lives = this.#byPidNs.get(life.pidNs) ?? [];
    return lives[lives.indexOf(life) - 1];
  }

  #lifeAt(pidNs: number, ns: bigint): Life | undefined {
    return latest(this.#byPidNs.get(pidNs), ns);
  }

  #unnamed(pidNs: number, from: bigint | undefined): Life {
    return this.#begin(this.#container(`pid_ns:${pidNs}`, UNNAMED_TYPE), pidNs, from);
  }

  #begin(container: Container, pidNs: number, from: bigint | undefined): Life {
    const life: Life = {
      container,
      pidNs,
      mntNs: 0,
      initPid: undefined,
      parent: undefined,
      from,
      to: undefined,
      isEndTold: false,
    };
    const lives = this.#byPidNs.get(pidNs) ?? [];
    const after = lives.findLastIndex((one) => one.from === undefined || one.from <= (from ?? 0n));
    lives.splice(from === undefined ? 0 : after + 1, 0, life);
    this.#byPidNs.set(pidNs, lives);
    container.lives.push(life);
    this.version++;
    return life;
  }

  #container(name: string, type: string): Container {
    let container = this.#containers.get(name);
    if (container === undefined) {
      container = new Container(name, type, this.name);
      this.#containers.set(name, container);
    }
    if (type !== "" && type !== UNNAMED_TYPE) container.type = type;
    return container;
  }
}

/** When a record's life began, if that is told, and after the beginning of the life before. */
function startOf({ startNs }: ContainerRecord, before: Life): bigint | undefined {
  if (startNs === 0n) return undefined;
  const start = startNs - START_SLACK_NS;
  return before.from === undefined || before.from < start ? start : undefined;
}

function isOver({ isEndTold, to }: Life, ns: bigint): boolean {
  return isEndTold && to !== undefined && ns > to;
}

/** The last of some lives that had begun. */
function latest(lives: readonly Life[] | undefined, ns: bigint): Life | undefined {
  return lives?.findLast(({ from }) => from === undefined || from <= ns);
}
