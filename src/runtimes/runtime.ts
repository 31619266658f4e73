/** The questions that every container runtime answers, whatever it speaks. */

/** A running container as its runtime describes it; "" stands for what the runtime does not say. */
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
  /** The user who registered it, where that is not root: it counts for processes of this user only. */
  readonly uid?: number;
}

export interface ListRequest {
  /** Containers of earlier answers whose first process still runs: what is known of these need not be asked again. */
  readonly known: readonly FoundContainer[];
  readonly limits: AnswerLimits;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

export interface AnswerLimits {
  /** Most bytes of one answer. */
  readonly bytes: number;
  /** Containers beyond this many are left out. */
  readonly containers: number;
}

/** What a runtime answers: whole for each container, not always for all of them. */
export interface Listing {
  readonly containers: readonly FoundContainer[];
  /** One line for each container, or group of them, that could not be asked about. */
  readonly problems: readonly string[];
  /** Whether answers about single containers are still on their way: ask again soon. */
  readonly isPending: boolean;
}

/** What some runtimes announce of a start, in time to see containers that end before they can be asked about. */
export type Announced =
  /** The container has a first process, which may not run yet. */
  | { readonly id: string; readonly initPid: number }
  /** The container, whose first process another runtime announces. */
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
   * @param isSystems whether root or ourselves own it: only then files that it names may be opened
   */
  readonly watch?: (onChange: OnChange, signal: AbortSignal, isSystems: boolean) => Promise<void>;
}

/** How long a runtime may take to answer one question, in ms. */
export const ANSWER_LIMIT_MS = 5000;
export const SYSTEM_LIMITS: AnswerLimits = { bytes: 32 * 2 ** 20, containers: 10_000 };
/** For runtimes in the hands of a user who is not root: answers are read between other work of the same thread. */
export const USER_LIMITS: AnswerLimits = { bytes: 2 ** 20, containers: 256 };
/** Most bytes of one announcement. */
export const MAX_LINE_BYTES: number = 2 ** 20;
