/**
 * One traced machine, from boot to boot: which namespaces and tasks it has had, and which container instance each was in at
 * any time. The kernel reuses inodes and task ids at once, so that everything is kept by time.
 *
 * Events and container records come in through `on…`; `instanceAt` only looks up.
 */

import {
  Claims,
  Container,
  type ContainerInstance,
  type ContainerRecord,
  HOST_NAME,
  isBare,
  isHalfRead,
  NAME_SEPARATOR,
  namespaceName,
  UNNAMED_TYPE,
} from "./container.ts";
import { InstanceIndex, isOver, startOf } from "./instance-index.ts";
import { ProcessorTurns } from "./processor-turns.ts";
import { TaskGroups } from "./task-groups.ts";
import { TaskIds } from "./task-ids.ts";
import { type Span, Tasks } from "./tasks.ts";

/** The initial pid namespace: a constant of the kernel (PROC_PID_INIT_INO). */
export const HOST_PID_NS = 4_026_531_836;

/** A fork, as the parent's event describes it. */
export interface Fork {
  readonly childTid: number;
  readonly parentPidNs: number;
  readonly childPidNs: number;
  /** The child's thread id in its own pid namespace. */
  readonly childVtid: number;
  /** Mount namespace of the parent, which most children share; 0 if it is unknown. */
  readonly mntNs: number;
  readonly parentTid?: number;
  /** The child's process; 0 if it is unknown. */
  readonly childPid?: number;
}

export class Host {
  readonly name: string;
  readonly #containers = new Map<string, Container>();
  /** Instances by the inode of their pid namespace. */
  readonly #byPidNs = new InstanceIndex();
  /** Instances that only their mount namespace distinguishes, by its inode. */
  readonly #byMntNs = new InstanceIndex();
  readonly #tasks: Tasks;
  /** Deepest level of pid namespaces that a state dump has reported of a task. */
  readonly #levels = new Map<number, number>();
  readonly #turns = new ProcessorTurns();
  readonly #taskIds = new TaskIds();
  readonly #self: ContainerInstance;
  /** Control groups of tasks that were moved. */
  readonly groups: TaskGroups = new TaskGroups();
  /** Grows whenever what a name or namespace means may have changed. */
  version = 0;

  /** @param isLive whether what has ended is forgotten after a while */
  constructor(name: string, isLive: boolean = false) {
    this.name = name;
    this.#tasks = new Tasks(isLive);
    this.#self = this.#begin(this.#container(HOST_NAME, "host"), HOST_PID_NS, undefined);
  }

  /** Containers in the order in which they were met. */
  get containers(): readonly Container[] {
    return [...this.#containers.values()].filter(({ instances }) => instances.length > 0);
  }

  /** A state dump reports a task's pid namespaces, one event for each level that it is nested in. */
  onStatedump(ns: bigint, tid: number, level: number, pidNs: number, vtid: number): void {
    this.#taskIds.add(ns, pidNs, vtid, tid);
    if (level < (this.#levels.get(tid) ?? 0)) return;
    this.#levels.set(tid, level);
    const instance = this.#latestOf(pidNs, ns) ?? this.#beginUnnamed(pidNs, undefined);
    if (vtid === 1 && instance !== this.#self) instance.initPid ??= tid;
    this.#tasks.enters(tid, { from: ns, instance, mntNs: this.#tasks.latest(tid)?.mntNs ?? 0 });
  }

  /** A state dump, or a task's own event, reports its mount namespace. */
  onMount(ns: bigint, tid: number, mntNs: number): void {
    const stay = this.#tasks.latest(tid);
    if (stay !== undefined && mntNs !== 0) this.#tasks.enters(tid, { ...stay, from: ns, mntNs });
  }

  /** A task is created; the first one of a new namespace begins an instance. */
  onFork(ns: bigint, fork: Fork): void {
    const {
      childTid,
      parentPidNs,
      childPidNs,
      childVtid,
      mntNs,
      parentTid = 0,
      childPid = 0,
    } = fork;
    this.groups.onFork(ns, parentTid, childTid, childPid);
    this.#levels.delete(childTid);
    this.#taskIds.add(ns, childPidNs, childVtid, childTid);
    const isBirth = childPidNs !== parentPidNs && childVtid === 1;
    let instance = isBirth ? undefined : this.#latestOf(childPidNs, ns);
    if (instance === undefined) {
      instance = this.#beginUnnamed(childPidNs, isBirth ? ns : undefined);
      if (childPidNs !== parentPidNs) instance.parent = this.#latestOf(parentPidNs, ns);
    }
    if (childVtid === 1 && instance !== this.#self) instance.initPid = childTid;
    this.#tasks.enters(childTid, { from: ns, instance, mntNs });
  }

  /**
   * A task ends, and with its init a container instance.
   * @param mntNs its mount namespace, which its last events do not have any more; 0 if it is unknown
   */
  onExit(ns: bigint, tid: number, mntNs: number): void {
    this.#levels.delete(tid);
    this.onMount(ns, tid, mntNs);
    const instance = this.#tasks.latest(tid)?.instance;
    this.#tasks.exits(tid, ns);
    if (instance === undefined || instance === this.#self || instance.initPid !== tid) return;
    instance.to ??= ns;
    this.version++;
  }

  /** A processor switches to another task. */
  onSwitch(ns: bigint, cpu: number, next: number): void {
    this.#turns.onSwitch(ns, cpu, next);
  }

  /** The task that runs on a processor at a time. */
  runningOn(cpu: number, ns: bigint): number | undefined {
    return this.#turns.runningOn(cpu, ns);
  }

  /** A container record names the instance that a namespace belongs to, from its beginning. */
  onContainerRecord(ns: bigint, record: ContainerRecord): void {
    if (isHalfRead(record) && record.endNs === 0n) return;
    const instance = this.#instanceOf(record, ns);
    if (instance === undefined) return;
    this.#taskIds.add(ns, record.pidNs, record.initVpid ?? 0, record.initPid);
    if (isBare(record)) {
      this.#claim(ns, instance, record);
      return;
    }
    const container = this.#containerOf(record);
    const isShared = record.mntNs !== 0 && this.#isShared(instance, record);
    const named = isShared
      ? this.#recordMount(ns, container, record)
      : this.#rename(instance, container, record);
    if (record.endNs === 0n || named === this.#self || named.to !== undefined) return;
    named.to = record.endNs;
    named.isEndReported = true;
    this.version++;
  }

  /** An event shows a namespace of which nothing else is known at its time. */
  onUnknownNamespace(ns: bigint, pidNs: number): ContainerInstance {
    const before = this.#latestOf(pidNs, ns);
    return before === undefined || isOver(before, ns)
      ? this.#beginUnnamed(pidNs, before?.to)
      : before;
  }

  /**
   * The instance that an event belongs to; `undefined` if nothing is known of it.
   *
   * @param pidNs 0 if its context is absent, or only says that its task is ending
   * @param mntNs 0 likewise
   * @param tid of its task on the host, where it is known
   */
  instanceAt(
    ns: bigint,
    pidNs: number,
    mntNs: number,
    tid: number | undefined,
  ): ContainerInstance | undefined {
    const byMount = this.#mountedAt(mntNs, ns);
    if (byMount !== undefined) return byMount;
    if (pidNs !== 0) {
      const instance = this.#latestOf(pidNs, ns);
      return instance !== undefined && isOver(instance, ns) ? undefined : instance;
    }
    const stay = tid === undefined ? undefined : this.#tasks.at(tid, ns);
    return stay && (this.#mountedAt(stay.mntNs, ns) ?? stay.instance);
  }

  /** The thread id on the host of a task with thread id `vtid` in a pid namespace, where it is known. */
  hostTid(ns: bigint, pidNs: number, vtid: number): number | undefined {
    return pidNs === HOST_PID_NS ? vtid : this.#taskIds.hostTid(ns, pidNs, vtid);
  }

  /** Whether a pid namespace has always been one container, that its mount namespaces do not divide. */
  isSettled(pidNs: number): boolean {
    const instances = this.#byPidNs.of(pidNs);
    const [first] = instances;
    return (
      first !== undefined &&
      instances.every(
        ({ container, isEndReported }) => container === first.container && !isEndReported,
      ) &&
      this.#byMntNs.size === 0
    );
  }

  /** Whether nothing was ever known of a pid namespace, and nothing else could say whose its events are. */
  isUnknown(pidNs: number): boolean {
    return this.#byPidNs.of(pidNs).length === 0 && this.#byMntNs.size === 0;
  }

  /** Whether only mount namespaces distinguish some containers. */
  get hasMounts(): boolean {
    return this.#byMntNs.size > 0;
  }

  /** Inodes of pid namespaces with their instances. */
  *pidNamespaces(): Generator<readonly [number, readonly ContainerInstance[]]> {
    yield* this.#byPidNs.all();
  }

  /** When tasks that have ended were in wanted instances. */
  exitedSpans(isWanted: (instance: ContainerInstance) => boolean): Generator<Span> {
    return this.#tasks.exitedSpans(({ instance }) => isWanted(instance));
  }

  /** Forgets what ended before a time: no later event can belong to it. */
  forgetBefore(ns: bigint): void {
    this.#tasks.forgetBefore(ns, (tid, exitNs) => {
      this.#taskIds.forget(tid, exitNs);
      if (this.#tasks.latest(tid) === undefined) this.groups.forget(tid);
    });
    this.#turns.forgetBefore(ns);
    for (const byInode of [this.#byPidNs, this.#byMntNs]) {
      for (const container of byInode.forgetBefore(ns)) this.#containers.delete(container.name);
    }
  }

  /** Which instance a record is about; one whose beginning was not seen begins with it. */
  #instanceOf(record: ContainerRecord, ns: bigint): ContainerInstance | undefined {
    const { pidNs, mntNs, initPid, initVpid } = record;
    const instances = this.#byPidNs.of(pidNs);
    // A late record may be about an instance that is over, in a namespace that another one has by now.
    const byInit =
      initPid === 0 ? undefined : instances.findLast((instance) => instance.initPid === initPid);
    if (byInit !== undefined) return byInit;
    const current = this.#latestOf(pidNs, ns);
    if (current === undefined)
      return pidNs === 0 && mntNs === 0 ? undefined : this.#beginUnnamed(pidNs, undefined);
    const isOther = initPid !== 0 && current.initPid !== undefined && current !== this.#self;
    // A process that is not the namespace's init may be another container in it.
    if (!isOther || (mntNs !== 0 && initVpid !== 1)) return current;
    const start = startOf(record, current) ?? ns;
    current.to ??= start;
    return this.#beginUnnamed(pidNs, start);
  }

  /** Whether others are in the same pid namespace: the host, or another container of a pod. */
  #isShared(instance: ContainerInstance, { name, mntNs, initVpid = 0 }: ContainerRecord): boolean {
    if (instance === this.#self) return true;
    if (initVpid > 0) return initVpid > 1;
    if (this.#byMntNs.has(mntNs)) return true;
    return (
      instance.container.isNamed && instance.container.name !== name && instance.to === undefined
    );
  }

  #recordMount(
    ns: bigint,
    container: Container,
    { mntNs, initPid }: ContainerRecord,
  ): ContainerInstance {
    const last = this.#byMntNs.of(mntNs).at(-1);
    const isAnew = last?.initPid !== undefined && initPid !== 0 && last.initPid !== initPid;
    if (last?.container === container && !isAnew) return last;
    const instance: ContainerInstance = {
      container,
      pidNs: 0,
      mntNs,
      initPid: initPid || undefined,
      parent: undefined,
      // Whatever was in the namespace before its first record was this one already.
      from: last === undefined ? undefined : ns,
      to: undefined,
      isEndReported: false,
      claims: undefined,
    };
    this.#byMntNs.append(mntNs, instance);
    container.instances.push(instance);
    this.version++;
    return instance;
  }

  /** Gives an instance to the container that a record names. */
  #rename(
    instance: ContainerInstance,
    container: Container,
    record: ContainerRecord,
  ): ContainerInstance {
    const { mntNs, initPid } = record;
    if (mntNs !== 0) instance.mntNs = mntNs;
    instance.initPid ??= initPid || undefined;
    instance.claims = undefined;
    if (instance.container === container || instance === this.#self) return instance;
    // The end of the instance before is reported later than it was; the start of this one is known.
    const before = this.#before(instance);
    if (before?.isEndReported === true) instance.from = startOf(record, before) ?? instance.from;
    this.#give(instance, container);
    return instance;
  }

  /** Records without a mount namespace may name several containers of one pid namespace: then all names are shown. */
  #claim(ns: bigint, instance: ContainerInstance, record: ContainerRecord): void {
    if (instance === this.#self) return;
    const isOwned = instance.container.isNamed && instance.claims === undefined;
    // A record that identifies the namespace's own container says more.
    if (isOwned) return;
    instance.claims ??= new Claims();
    const before = instance.claims.names.length;
    instance.claims.renew(record.name);
    const { names } = instance.claims;
    const [only] = names;
    const own = names.length === 1 && only === record.name;
    const container = own
      ? this.#containerOf(record)
      : this.#container(names.join(NAME_SEPARATOR), record.type);
    if (container === instance.container) return;
    if (names.length >= before) {
      this.#give(instance, container);
      return;
    }
    // Some have not been renewed for long: from here on the namespace is that of the others.
    instance.to ??= ns;
    const next = this.#begin(container, instance.pidNs, ns);
    next.claims = instance.claims;
  }

  #give(instance: ContainerInstance, container: Container): void {
    const { instances, name } = instance.container;
    instances.splice(instances.indexOf(instance), 1);
    if (instances.length === 0 && name !== HOST_NAME) this.#containers.delete(name);
    instance.container = container;
    container.instances.push(instance);
    this.#containers.set(container.name, container);
    this.version++;
  }

  #before(instance: ContainerInstance): ContainerInstance | undefined {
    const instances = this.#byPidNs.of(instance.pidNs);
    return instances[instances.indexOf(instance) - 1];
  }

  #latestOf(pidNs: number, ns: bigint): ContainerInstance | undefined {
    return this.#byPidNs.latest(pidNs, ns);
  }

  #mountedAt(mntNs: number, ns: bigint): ContainerInstance | undefined {
    if (mntNs === 0) return undefined;
    const instance = this.#byMntNs.latest(mntNs, ns);
    return instance === undefined || isOver(instance, ns) ? undefined : instance;
  }

  #beginUnnamed(pidNs: number, from: bigint | undefined): ContainerInstance {
    return this.#begin(this.#container(namespaceName(pidNs), UNNAMED_TYPE), pidNs, from);
  }

  #begin(container: Container, pidNs: number, from: bigint | undefined): ContainerInstance {
    const instance: ContainerInstance = {
      container,
      pidNs,
      mntNs: 0,
      initPid: undefined,
      parent: undefined,
      from,
      to: undefined,
      isEndReported: false,
      claims: undefined,
    };
    this.#byPidNs.insert(pidNs, instance);
    container.instances.push(instance);
    this.version++;
    return instance;
  }

  #containerOf(record: ContainerRecord): Container {
    const container = this.#container(record.name, record.type);
    container.describe(record);
    return container;
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
