/** Random CTF 2 traces with every field class, for what both executors must agree on. */

import type { RandomTrace } from "./random-trace.ts";
import { traceClassOf } from "./tsdl.ts";

type Next = (below: number) => number;
type Json = Readonly<Record<string, unknown>>;

const ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-16le", "utf-16be", "utf-32le"] as const;

/** Members of one structure, with the names given out. */
class Members {
  readonly numbers: string[] = [];
  readonly texts: string[] = [];
  readonly arrays: string[] = [];
  readonly others: string[] = [];
  readonly #next: Next;
  /** Whether there is what the kernel leaves to the interpreter: wide texts, reversed bits, blobs. */
  readonly #isWild: boolean;
  #count = 0;

  constructor(next: Next, isWild: boolean) {
    this.#next = next;
    this.#isWild = isWild;
  }

  structure(depth: number, path: string): Json {
    const members: Json[] = [];
    for (let n = this.#next(5) + (depth === 0 ? 1 : 0); n > 0; n--)
      members.push(...this.#member(depth, path));
    const minimum = this.#next(3) === 0 ? { "minimum-alignment": this.#align() } : {};
    return { type: "structure", "member-classes": members, ...minimum };
  }

  #member(depth: number, path: string): Json[] {
    const next = this.#next;
    const name = `f${this.#count++}`;
    const full = `${path}${name}`;
    const helper = `${name}_n`;
    const at = { path: [helper] };
    const one = (fieldClass: Json): Json[] => [{ name, "field-class": fieldClass }];
    const after = (first: Json, fieldClass: Json): Json[] => [
      { name: helper, "field-class": first },
      { name, "field-class": fieldClass },
    ];
    switch (next(depth < 3 ? 16 : 11)) {
      case 0:
      case 1:
      case 2:
        this.numbers.push(full);
        return one(this.#integer());
      case 3: {
        this.numbers.push(full);
        const alignment = this.#align();
        return one({
          type: "fixed-length-floating-point-number",
          length: next(2) ? 32 : 64,
          ...this.#order(alignment >= 8),
          alignment,
        });
      }
      case 4:
        this.texts.push(full);
        return one({ type: "null-terminated-string", encoding: this.#encoding() });
      case 5:
        this.texts.push(full);
        return one({
          type: "static-length-string",
          length: next(6) === 0 ? next(70) : 4 * next(18),
          encoding: this.#encoding(),
        });
      case 6:
        this.texts.push(full);
        return after(this.#length(), {
          type: "dynamic-length-string",
          "length-field-location": at,
          encoding: this.#encoding(),
        });
      case 7:
        if (!this.#isWild) return one(this.#integer());
        this.others.push(full);
        return next(2)
          ? one({ type: "static-length-blob", length: next(5) })
          : after(this.#length(), { type: "dynamic-length-blob", "length-field-location": at });
      case 8: {
        this.arrays.push(full);
        const minimum = next(3) === 0 ? { "minimum-alignment": this.#align() } : {};
        const element = { "element-field-class": this.#integer(), ...minimum };
        return next(2)
          ? one({ type: "static-length-array", length: next(5), ...element })
          : after(this.#length(), {
              type: "dynamic-length-array",
              "length-field-location": at,
              ...element,
            });
      }
      case 9:
      case 10: {
        this.numbers.push(full);
        const isBoolean = next(2) === 1;
        const ranges = isBoolean ? {} : { "selector-field-ranges": [[next(2), 2 + next(3)]] };
        const selector = isBoolean
          ? { ...this.#bits("fixed-length-boolean"), length: 1 + next(9), ...this.#order(false) }
          : this.#length();
        return after(selector, {
          type: "optional",
          "selector-field-location": at,
          ...ranges,
          "field-class": this.#integer(),
        });
      }
      case 11:
        this.others.push(full);
        return one(this.structure(depth + 1, `${full}.`));
      case 12:
      case 13: {
        this.others.push(full);
        const options = [0, 1, 2].map((i) => ({
          name: `o${i}`,
          "selector-field-ranges": i === 2 ? [[2, 2 + next(100)]] : [[i, i]],
          "field-class": this.structure(depth + 1, `${full}.o${i}.`),
        }));
        return after(this.#length(), { type: "variant", "selector-field-location": at, options });
      }
      case 14: {
        this.others.push(full);
        const ranges = { "selector-field-ranges": [[0, next(3)]] };
        return after(this.#length(), {
          type: "optional",
          "selector-field-location": at,
          ...ranges,
          "field-class": this.structure(depth + 1, `${full}.`),
        });
      }
      default: {
        this.others.push(full);
        // Names inside an array's elements cannot be distinguished, so they are not given out.
        const element = new Members(next, this.#isWild).structure(depth + 1, "");
        return after(this.#length(), {
          type: "dynamic-length-array",
          "length-field-location": at,
          "element-field-class": element,
        });
      }
    }
  }

  /** A length or selector of few bits, so that random bytes often fit; sometimes of variable length. */
  #length(): Json {
    if (this.#next(4) === 0) return { type: "variable-length-unsigned-integer" };
    const bits = this.#bits("fixed-length-unsigned-integer");
    const alignment = this.#next(2) ? 1 : 8;
    return { ...bits, length: 1 + this.#next(3), alignment, ...this.#order(false) };
  }

  #integer(): Json {
    const next = this.#next;
    const mappings = next(4) === 0 ? { mappings: { A: [[0, 0]], B: [[2, 5]], C: [[3, 3]] } } : {};
    const base = { "preferred-display-base": [10, 10, 16, 8, 2][next(5)] };
    const sign = next(2) ? "signed" : "unsigned";
    switch (next(8)) {
      case 0:
        return this.#bits("fixed-length-boolean");
      case 1:
        return this.#bits("fixed-length-bit-array");
      case 2:
        return this.#flags();
      case 3:
      case 4:
        return { type: `variable-length-${sign}-integer`, ...base, ...mappings };
      default:
        return { ...this.#bits(`fixed-length-${sign}-integer`), ...base, ...mappings };
    }
  }

  #flags(): Json {
    const bits = this.#bits("fixed-length-bit-map");
    const last = Number(bits["length"]) - 1;
    return { ...bits, flags: { A: [[0, 0]], B: [[Math.min(1, last), Math.min(3, last)]] } };
  }

  #bits(type: string): Json {
    const length = [1 + this.#next(64), 8, 16, 32, 64, 5][this.#next(6)]!;
    const alignment = this.#align();
    return { type, length, alignment, ...this.#order(alignment >= 8 && length % 8 === 0) };
  }

  /** Byte orders that may meet inside a byte are the interpreter's. */
  #order(isWhole: boolean): Json {
    const next = this.#next;
    if (!isWhole && !this.#isWild) return { "byte-order": "little-endian" };
    const bitOrder = this.#isWild && next(6) === 0 ? { "bit-order": "last-to-first" } : {};
    return next(3) === 0
      ? { "byte-order": "big-endian" }
      : { "byte-order": "little-endian", ...bitOrder };
  }

  #align(): number {
    return [1, 8, 8, 8, 2, 16, 32, 64][this.#next(8)]!;
  }

  #encoding(): string {
    if (!this.#isWild) return "utf-8";
    return ENCODINGS[this.#next(ENCODINGS.length)]!;
  }
}

function uint(length: number, role?: string): Json {
  const roles = role === undefined ? {} : { roles: [role] };
  const bits = { length, "byte-order": "little-endian", alignment: 8 };
  return { type: "fixed-length-unsigned-integer", ...bits, ...roles };
}

function structureOf(members: Readonly<Record<string, Json>>): Json {
  const classes = Object.entries(members).map(([name, fieldClass]) => ({
    name,
    "field-class": fieldClass,
  }));
  return { type: "structure", "member-classes": classes };
}

/** The packet layout of `packet` in `tsdl.ts`. */
const PACKET_HEADER = structureOf({
  magic: uint(32, "packet-magic-number"),
  stream: uint(32, "data-stream-class-id"),
});
const PACKET_CONTEXT = structureOf({
  begin: uint(64, "default-clock-timestamp"),
  end: uint(64, "packet-end-default-clock-timestamp"),
  content: uint(64, "packet-content-length"),
  total: uint(64, "packet-total-length"),
  sequence: uint(64, "packet-sequence-number"),
  discarded: uint(64, "discarded-event-record-counter-snapshot"),
  cpu_id: uint(32),
});

const HEADERS: readonly Json[] = [
  structureOf({
    id: { ...uint(2, "event-record-class-id"), alignment: 1 },
    time: { ...uint(6, "default-clock-timestamp"), alignment: 1 },
  }),
  structureOf({
    id: { ...uint(2, "event-record-class-id"), alignment: 16 },
    time: { type: "variable-length-unsigned-integer", roles: ["default-clock-timestamp"] },
  }),
  structureOf({
    has: { type: "fixed-length-boolean", length: 1, "byte-order": "little-endian", alignment: 8 },
    id: { ...uint(2, "event-record-class-id"), alignment: 1 },
    time: {
      type: "optional",
      "selector-field-location": { path: ["has"] },
      "field-class": uint(27, "default-clock-timestamp"),
    },
  }),
];

export function randomCtf2(next: Next): RandomTrace {
  const isWild = next(3) === 0;
  const contexts = new Members(next, isWild);
  const context = next(2)
    ? { "event-record-common-context-field-class": contexts.structure(2, "$ctx.") }
    : {};
  const fragments: Json[] = [
    { type: "preamble", version: 2 },
    { type: "trace-class", "packet-header-field-class": PACKET_HEADER },
    { type: "clock-class", id: "c", frequency: 1_000_000_000, origin: "unix-epoch" },
    {
      type: "data-stream-class",
      "default-clock-class-id": "c",
      "packet-context-field-class": PACKET_CONTEXT,
      "event-record-header-field-class": HEADERS[next(HEADERS.length)],
      ...context,
    },
  ];
  const all = [contexts];
  for (let id = 0; id < (next(8) === 0 ? 3 : 4); id++) {
    const members = new Members(next, isWild);
    all.push(members);
    const payload = members.structure(0, "");
    fragments.push({
      type: "event-record-class",
      id,
      name: `e${id}`,
      "payload-field-class": payload,
    });
  }
  const text = fragments.map((fragment) => `\x1e${JSON.stringify(fragment)}\n`).join("");
  const names = (kind: "numbers" | "texts" | "arrays" | "others"): string[] => [
    ...new Set(all.flatMap((members) => members[kind])),
  ];
  return {
    text,
    traceClass: traceClassOf(text),
    numbers: names("numbers"),
    texts: names("texts"),
    arrays: names("arrays"),
    others: names("others"),
  };
}
