/** The interface to a container runtime. */

/** A running container as its runtime describes it; "" where it gives no value. */
export interface FoundContainer {
  readonly name: string;
  /** `docker`, `podman`, `cri`, `containerd`, `lxd`, `incus`, `lxc`, `systemd-nspawn`, or `sandbox` for the sandbox of a pod. */
  readonly type: string;
  readonly id: string;
  readonly image: string;
  /** Process id of its first process, on the host. */
  readonly initPid: number;
  /** Kubernetes or Podman pod, and the pod's namespace. */
  readonly pod: string;
  readonly podNamespace: string;
  /** The unprivileged user who registered it: valid only if this user owns the process. */
  readonly uid?: number;
}

export interface ListRequest {
  /** Containers of earlier answers whose first process is still running: these need not be inspected again. */
  readonly known: readonly FoundContainer[];
  readonly limits: AnswerLimits;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

export interface AnswerLimits {
  /** Bytes of one answer. */
  readonly bytes: number;
  /** Containers of one listing; more are ignored. */
  readonly containers: number;
}

/** An answer: complete for each container in it, but some containers may be missing. */
export interface Listing {
  readonly containers: readonly FoundContainer[];
  /** One line for each container, or group of containers, that is missing because a question failed. */
  readonly problems: readonly string[];
  /** Whether questions about single containers are pending: ask again soon. */
  readonly isPending: boolean;
}

/** Details of a start that some runtimes announce, for containers that exit before a question is answered. */
export type Announced =
  /** A container has a first process, which may not have executed its program yet. */
  | { readonly id: string; readonly initPid: number }
  /** A container without its process id, which another source announces. */
  | AnnouncedContainer;

export type AnnouncedContainer = Omit<FoundContainer, "initPid">;

/** Called whenever a container may have started, changed or ended. */
export type OnChange = (announced?: Announced) => void;

export interface Runtime {
  /** For messages: `docker at /var/run/docker.sock`. */
  readonly title: string;
  /**
   * The containers that run.
   *
   * @throws SourceError if it cannot list them: `RUNTIME_ABSENT`, `RUNTIME_SLOW`, `RUNTIME_HUGE`, `RUNTIME_REFUSED`,
   * `RUNTIME_MALFORMED`. Failures that concern one container are the listing's `problems`.
   */
  list(request: ListRequest): Promise<Listing>;
  /**
   * Announcements of starts and stops, where the runtime has them.
   * Settles when the runtime announces nothing more, or with the signal; never rejects.
   *
   * @param isTrusted whether only root, or the user that we run as, controls it: else paths that it reports must not be opened
   */
  readonly watch?: (onChange: OnChange, signal: AbortSignal, isTrusted: boolean) => Promise<void>;
}

/** Time limit for one answer, in ms. */
export const ANSWER_LIMIT_MS = 5000;
export const SYSTEM_LIMITS: AnswerLimits = { bytes: 32 * 2 ** 20, containers: 10_000 };
/** For runtimes of unprivileged users, who must not be able to keep the thread busy. */
export const USER_LIMITS: AnswerLimits = { bytes: 2 ** 20, containers: 256 };
/** Bytes of one announcement. */
export const MAX_LINE_BYTES: number = 2 ** 20;
