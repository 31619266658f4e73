/** What every container runtime is asked, whatever it speaks. */

/** A running container, as its runtime tells it; "" stands for what it does not tell. */
export interface FoundContainer {
  readonly name: string;
  /** `docker`, `podman`, `cri`, `containerd`, `lxd`, `incus`, `lxc`, `systemd-nspawn`, or `sandbox` for a pod's own. */
  readonly type: string;
  readonly id: string;
  readonly image: string;
  /** Process id of its first process, on the host. */
  readonly initPid: number;
  /** Kubernetes or Podman pod, and the pod's namespace. */
  readonly pod: string;
  readonly podNamespace: string;
}

export interface Runtime {
  /** For messages: `docker at /var/run/docker.sock`. */
  readonly title: string;
  /**
   * The containers that run.
   * @throws SourceError `RUNTIME_ABSENT`, `RUNTIME_SLOW`, `RUNTIME_HUGE`, `RUNTIME_REFUSED`, `RUNTIME_MALFORMED`
   */
  list(): Promise<readonly FoundContainer[]>;
  /**
   * Tells of starts and stops, where the runtime does: calls `onChange` whenever there may have been one.
   * Settles when the runtime announces nothing more, or with the signal; never rejects.
   */
  readonly watch?: (onChange: () => void, signal: AbortSignal) => Promise<void>;
}

/** How long a runtime may take to tell of all its containers, in ms. */
export const LIST_LIMIT_MS = 5000;
/** Most bytes of one answer, and of one announcement. */
export const MAX_ANSWER_BYTES: number = 32 * 2 ** 20;
export const MAX_LINE_BYTES: number = 2 ** 20;
/** More containers than this are not asked for one by one. */
export const MAX_CONTAINERS = 10_000;
