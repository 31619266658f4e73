/** One name for one container: runtimes know nothing of each other's names, and readers know a container by its name alone. */

/** Names that stand for something else where events are attributed to containers. */
const RESERVED = /^(\[|pid_ns:|mnt_ns:)/;
/** How many containers that have stopped keep their name for their next start. */
const MAX_REMEMBERED = 10_000;

export interface NameRequest {
  /** The name that its runtime has for it. */
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** Whether a runtime of a user who is not root names it. */
  readonly isUsers: boolean;
}

interface Given {
  readonly asked: string;
  readonly given: string;
}

export class ContainerNames {
  /** By type and id, oldest first. */
  readonly #given = new Map<string, Given>();

  /**
   * Names for all that run. A container keeps its name while others come and go, and over restarts where nobody has taken it;
   * of equal names, the first one's stays as it is and others get their type in front, then their id behind. Users' containers
   * never take a name from one of the system's.
   */
  of(requests: readonly NameRequest[]): string[] {
    const taken = new Set<string>();
    const names = new Array<string>(requests.length);
    const ranks = requests.map((request) => {
      const before = this.#given.get(keyOf(request));
      return (request.isUsers ? 2 : 0) + (before?.asked === request.name ? 0 : 1);
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
