/** Unique and stable names: readers identify a container by its name, and two runtimes may use the same one. */

/** Readers use these names for the host and for containers without a record. */
const RESERVED = /^(\[|pid_ns:|mnt_ns:)/;
/** Stopped containers whose names are kept for their next start; the oldest are dropped. */
const MAX_REMEMBERED = 10_000;

export interface NameRequest {
  /** The name in its runtime. */
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** Whether the runtime belongs to an unprivileged user. */
  readonly isUserOwned: boolean;
}

interface Given {
  readonly asked: string;
  readonly given: string;
}

export class ContainerNames {
  /** By type and id, oldest first. */
  readonly #given = new Map<string, Given>();

  /**
   * Names for all running containers.
   *
   * A container keeps its name while others start and stop, and across its restarts unless another container has taken it.
   * The second container of a name is called `TYPE/NAME`, further ones `TYPE/NAME/ID`. If a user's container has a name that
   * one of the system's containers needs, the user's is renamed.
   */
  of(requests: readonly NameRequest[]): string[] {
    const taken = new Set<string>();
    const names = new Array<string>(requests.length);
    const ranks = requests.map((request) => {
      const before = this.#given.get(keyOf(request));
      return (request.isUserOwned ? 2 : 0) + (before?.asked === request.name ? 0 : 1);
    });
    const order = requests.map((_, i) => i).sort((a, b) => ranks[a]! - ranks[b]!);
    for (const i of order) {
      const request = requests[i]!;
      const before = this.#given.get(keyOf(request));
      const keeps = before?.asked === request.name && !taken.has(before.given);
      const name = keeps ? before.given : firstFree(request, taken);
      taken.add(name);
      names[i] = name;
      this.#remember(keyOf(request), { asked: request.name, given: name });
    }
    return names;
  }

  #remember(key: string, given: Given): void {
    this.#given.delete(key);
    this.#given.set(key, given);
    if (this.#given.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#given.keys()) {
      this.#given.delete(oldest);
      return;
    }
  }
}

function keyOf({ name, type, id }: NameRequest): string {
  return JSON.stringify([type, id || name]);
}

function firstFree({ name, type, id }: NameRequest, taken: ReadonlySet<string>): string {
  const withType = `${type}/${name}`;
  if (!RESERVED.test(name) && !taken.has(name)) return name;
  if (!taken.has(withType)) return withType;
  const withId = `${withType}/${id.slice(0, 12)}`;
  for (let number = 2; ; number++) {
    const candidate = number === 2 ? withId : `${withId}/${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
