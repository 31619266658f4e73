/** Containers, and the instances that they have had. */

import type { ControlGroup } from "../base/control-group.ts";

/** From one start of a container to its end: a namespace, or a part of one, for a span of time. */
export interface ContainerInstance {
  /** Another one from the moment on that a container record names it. */
  container: Container;
  /** Inode of the pid namespace; 0 if the instance is known by its mount namespace alone. */
  readonly pidNs: number;
  /** Inode of the mount namespace, where container records have it; else 0. */
  mntNs: number;
  /** Process id of its init on the host, where it is known. */
  initPid: number | undefined;
  /** The instance whose namespace this one's was created in. */
  parent: ContainerInstance | undefined;
  /** ns since the Unix epoch; `undefined` if it existed before the trace began. */
  from: bigint | undefined;
  /** When its init ended; `undefined` while it runs. */
  to: bigint | undefined;
  /** Whether the end was reported by a container record only: its namespaces may be reused from then on. */
  isEndReported: boolean;
  /** Names that records without a mount namespace claim it for, where several do. */
  claims: Claims | undefined;
}

export const HOST_NAME = "[HOST]";
/** The type of a container that has no name. */
export const UNNAMED_TYPE = "namespace";

/** One identity: all instances under one name on one host. */
export class Container {
  /** `[HOST]`, the name of a container record, or `pid_ns:4026532600` until a record names the namespace. */
  readonly name: string;
  /** `docker`, `lxc`, `host`, …; `namespace` while it has no name. */
  type: string;
  id: string | undefined;
  image: string | undefined;
  /** Kubernetes pod and its namespace. */
  pod: string | undefined;
  podNamespace: string | undefined;
  /** What its latest record says of it. */
  group: ControlGroup | undefined;
  readonly host: string;
  readonly instances: ContainerInstance[] = [];

  constructor(name: string, type: string, host: string) {
    this.name = name;
    this.type = type;
    this.host = host;
  }

  get isNamed(): boolean {
    return this.type !== UNNAMED_TYPE;
  }

  /** Takes over what a record says of it. */
  describe(record: ContainerRecord): void {
    this.id ??= record.id || undefined;
    this.image ??= record.image || undefined;
    this.pod ??= record.pod || undefined;
    this.podNamespace ??= record.podNamespace || undefined;
    // It has another one each time it starts, and its limits may change meanwhile.
    this.group = record.group ?? this.group;
  }

  get cgroup(): string | undefined {
    return this.group?.path;
  }

  /** The pod's. */
  get namespace(): string | undefined {
    return this.podNamespace;
  }
}

/** The name of a pid namespace that no container record names. */
export function namespaceName(pidNs: number): string {
  return `pid_ns:${pidNs}`;
}

/**
 * A container record: the fields of `*lttng_statedump_container`. 0 and "" are fields that it does not have, `undefined`
 * where a field that is there may be 0.
 */
export interface ContainerRecord {
  readonly name: string;
  readonly type: string;
  readonly pidNs: number;
  readonly mntNs: number;
  readonly initPid: number;
  readonly id: string;
  readonly image: string;
  readonly pod: string;
  readonly podNamespace: string;
  /** Its init's process id in its pid namespace: 1 unless it shares that of others. */
  readonly initVpid: number | undefined;
  /** When its init started, to some 10 ms, and when the container ended: ns since the Unix epoch. */
  readonly startNs: bigint | undefined;
  readonly endNs: bigint;
  readonly group?: ControlGroup | undefined;
}

/**
 * Whether a record was made of a process that was ending while it was read: the fields that identify it are there, and
 * nothing is in them. It says nothing about whose a namespace is.
 */
export function isHalfRead({ mntNs, initVpid, startNs }: ContainerRecord): boolean {
  return mntNs === 0 && initVpid === 0 && startNs === 0n;
}

/** Whether a record has the form of the FOSDEM 2018 talk: name, type and pid namespace alone. */
export function isBare({ mntNs, initPid }: ContainerRecord): boolean {
  return mntNs === 0 && initPid === 0;
}

/** A claim ends when the others have been renewed so often without it. */
const RENEWALS = 3;

/** Names that bare records give one instance: nothing distinguishes its containers, so that all of them are shown. */
export class Claims {
  /** By name, in the order of their first records: how often the others were renewed since its last one. */
  readonly #silence = new Map<string, number>();

  renew(name: string): void {
    for (const [other, silence] of this.#silence)
      if (other !== name) this.#silence.set(other, silence + 1);
    this.#silence.set(name, 0);
    // Of two that take turns neither is ever silent for long.
    const most = RENEWALS * this.#silence.size;
    for (const [other, silence] of this.#silence) if (silence >= most) this.#silence.delete(other);
  }

  get names(): readonly string[] {
    return [...this.#silence.keys()];
  }
}

/** Between the names of containers that share an instance. */
export const NAME_SEPARATOR = "|";
