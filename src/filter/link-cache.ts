import type { LinkedProgram, Program } from "./bytecode.ts";
import { link } from "./link.ts";
import { LinkKeys } from "./link-key.ts";
import type { LinkEnvironment } from "./resolve.ts";

/** Links one program to the event classes of a trace class, once for all that it links to in the same way. */
export class LinkCache {
  readonly #program: Program;
  readonly #keys: LinkKeys;
  readonly #linked = new Map<string, LinkedProgram>();

  constructor(program: Program) {
    this.#program = program;
    this.#keys = new LinkKeys(program);
  }

  /** Its reason, if it has one, may name another of these classes. */
  of(env: LinkEnvironment): LinkedProgram {
    const key = this.#keys.of(env);
    let linked = this.#linked.get(key);
    if (linked === undefined) {
      linked = link(this.#program, env);
      this.#linked.set(key, linked);
    }
    return linked;
  }
}
