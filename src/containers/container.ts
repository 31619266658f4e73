/** What is known of a container, and of its lives. */

/** From one start to the stop after it: a namespace, or a share of one, for a span of time. */
export interface Life {
  /** Another one from the moment on that a record names it. */
  container: Container;
  /** Inode of the pid namespace; 0 if it is known by its mount namespace alone. */
  readonly pidNs: number;
  /** Inode of the mount namespace, where records tell it. */
  mntNs: number;
  /** Process id of its init on the host, where anything tells it. */
  initPid: number | undefined;
  /** Life of the namespace that it was born in. */
  parent: Life | undefined;
  /** ns since the Unix epoch; `undefined` if it was there before the trace began. */
  from: bigint | undefined;
  /** When its init ended; `undefined` while it runs. */
  to: bigint | undefined;
  /** Whether only a record has told the end: then, what its namespaces are afterwards, they are somebody else's. */
  isEndTold: boolean;
}

export const HOST_NAME = "[HOST]";

/** One identity: all lives under one name on one host. */
export class Container {
  /** `[HOST]`, a name of a record, or `pid_ns:4026532600` until a record names it. */
  readonly name: string;
  /** `docker`, `lxc`, `host`, … ; `namespace` while nobody has said what it is. */
  type: string;
  id: string | undefined;
  image: string | undefined;
  /** Kubernetes pod and its namespace. */
  pod: string | undefined;
  podNamespace: string | undefined;
  readonly host: string;
  readonly lives: Life[] = [];

  constructor(name: string, type: string, host: string) {
    this.name = name;
    this.type = type;
    this.host = host;
  }

  get isNamed(): boolean {
    return this.type !== UNNAMED_TYPE;
  }
}

export const UNNAMED_TYPE = "namespace";

/** What a record says: the fields of `*lttng_statedump_container`; 0 and "" stand for what it does not say. */
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
  readonly initVpid: number;
  /** When its init started, to some 10 ms, and when the container ended: ns since the Unix epoch. */
  readonly startNs: bigint;
  readonly endNs: bigint;
}
