/** Random trace classes, packets of random bytes, and random queries on them: what both executors must agree on. */

import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { Bytes, PREAMBLE, packet, traceClassOf } from "./tsdl.ts";

type Next = (below: number) => number;

export interface RandomTrace {
  readonly text: string;
  readonly traceClass: TraceClass;
  /** Names that a filter or selection can use. */
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly arrays: readonly string[];
  readonly others: readonly string[];
}

/** Declarations of one structure's members, with the names given out. */
class Fields {
  readonly numbers: string[] = [];
  readonly texts: string[] = [];
  readonly arrays: string[] = [];
  readonly others: string[] = [];
  readonly #next: Next;
  /** Whether byte orders may meet inside a byte, which is the interpreter's. */
  readonly #isMixed: boolean;
  #count = 0;

  constructor(next: Next) {
    this.#next = next;
    this.#isMixed = next(8) === 0;
  }

  structure(depth: number, path: string): string {
    let text = "";
    for (let n = this.#next(5) + (depth === 0 ? 1 : 0); n > 0; n--)
      text += this.#field(depth, path);
    return text;
  }

  #field(depth: number, path: string): string {
    const next = this.#next;
    const name = `f${this.#count++}`;
    const full = `${path}${name}`;
    switch (next(depth < 3 ? 13 : 9)) {
      case 0:
      case 1:
      case 2:
        this.numbers.push(full);
        return `${this.#integer()} _${name};\n`;
      case 3:
        this.numbers.push(full);
        return `floating_point { ${next(2) ? "exp_dig = 8; mant_dig = 24;" : "exp_dig = 11; mant_dig = 53;"} ${this.#alignAndOrder(32)} } _${name};\n`;
      case 4:
        this.numbers.push(full);
        return `enum : ${this.#integer()} { A, B = 2 ... 5, C = 3 } _${name};\n`;
      case 5:
        this.texts.push(full);
        return `string _${name};\n`;
      case 6:
        this.texts.push(full);
        return `char8 _${name}[${1 + next(70)}];\n`;
      case 7:
        this.texts.push(full);
        return `${this.#length(name)}char8 _${name}[__${name}_n];\n`;
      case 8:
        this.arrays.push(full);
        return next(2)
          ? `${this.#integer()} _${name}[${next(5)}];\n`
          : `${this.#length(name)}${this.#integer()} _${name}[__${name}_n];\n`;
      case 9:
        this.others.push(full);
        return `struct { ${this.structure(depth + 1, `${full}.`)} } align(${this.#align()}) _${name};\n`;
      case 10: {
        this.others.push(full);
        const tag = `__${name}_t`;
        const labels = ["_a", "_b", "_c", "_d"].slice(0, 2 + next(3));
        const options = labels.map(
          (label) =>
            `struct { ${this.structure(depth + 1, `${full}.${label.slice(1)}.`)} } ${label};`,
        );
        return `enum : integer { size = ${1 + next(2)}; align = 1; } { ${labels.join(", ")} } ${tag};\nvariant <${tag}> { ${options.join(" ")} } _${name};\n`;
      }
      case 11: {
        this.others.push(full);
        // Names inside an array's elements cannot be distinguished, so they are not given out.
        const hidden = new Fields(next);
        return `${this.#length(name)}struct { ${hidden.structure(depth + 1, "")} } _${name}[__${name}_n];\n`;
      }
      default:
        this.arrays.push(full);
        return `${this.#integer()} _${name}[2][${1 + next(3)}];\n`;
    }
  }

  /** A length of a few bits, so that random bytes often fit. */
  #length(name: string): string {
    return `integer { size = ${1 + this.#next(4)}; align = ${this.#next(2) ? 1 : 8}; } __${name}_n;\n`;
  }

  #integer(): string {
    const next = this.#next;
    const size = [1 + next(64), 8, 16, 32, 64, 5][next(6)]!;
    return `integer { size = ${size}; signed = ${next(2)}; ${this.#alignAndOrder(size)} }`;
  }

  #align(): number {
    return [1, 8, 8, 8, 2, 16, 32, 64][this.#next(8)]!;
  }

  #alignAndOrder(size: number): string {
    const align = this.#next(3) === 0 ? undefined : this.#align();
    const isWhole = size % 8 === 0 && (align ?? 8) >= 8;
    const isBig = (isWhole || this.#isMixed) && this.#next(3) === 0;
    return `${align === undefined ? "" : `align = ${align};`} ${isBig ? "byte_order = be;" : ""}`;
  }
}

const HEADERS: readonly string[] = [
  "integer { size = 2; align = 8; } id; integer { size = 6; align = 1; map = clock.monotonic.value; } timestamp;",
  "enum : integer { size = 2; align = 1; } { compact = 0 ... 2, extended = 3 } id; variant <id> { struct { integer { size = 27; align = 1; map = clock.monotonic.value; } timestamp; } compact; struct { integer { size = 2; align = 8; } id; time64 timestamp; } extended; } v;",
  "integer { size = 2; align = 16; } id; integer { size = 32; byte_order = be; map = clock.monotonic.value; } timestamp;",
];

const CONTEXT =
  "packet.context := struct { time64 timestamp_begin; time64 timestamp_end; u64 content_size; u64 packet_size; u64 packet_seq_num; u64 events_discarded; u32 cpu_id; };";

export function randomTrace(next: Next): RandomTrace {
  const contexts = new Fields(next);
  const context = next(2) ? `event.context := struct { ${contexts.structure(2, "$ctx.")} };` : "";
  let text = `${PREAMBLE}stream { id = 0; ${CONTEXT} event.header := struct { ${HEADERS[next(HEADERS.length)]} } align(${next(2) ? 8 : 32}); ${context} };\n`;
  const all = new Fields(next);
  // Ids have two bits: sometimes one of them is not declared.
  const classes = next(8) === 0 ? 3 : 4;
  for (let id = 0; id < classes; id++) {
    const fields = new Fields(next);
    text += `event { name = "e${id}"; id = ${id}; stream_id = 0; fields := struct { ${fields.structure(0, "")} }; };\n`;
    for (const kind of ["numbers", "texts", "arrays", "others"] as const)
      all[kind].push(...fields[kind]);
  }
  if (context !== "")
    for (const kind of ["numbers", "texts", "arrays"] as const) all[kind].push(...contexts[kind]);
  const unique = (names: readonly string[]): string[] => [...new Set(names)];
  return {
    text,
    traceClass: traceClassOf(text),
    numbers: unique(all.numbers),
    texts: unique(all.texts),
    arrays: unique(all.arrays),
    others: unique(all.others),
  };
}

/** A packet of random bytes, many of them zero, so that strings end and lengths are small. */
export function randomPacket(next: Next): Uint8Array {
  const content = new Bytes();
  for (let n = next(600); n > 0; n--)
    content.u8(next(3) === 0 ? 0 : next(4) === 0 ? 97 + next(3) : next(256));
  return packet(content.take(), { begin: BigInt(next(1000)), cpuId: next(4), padding: next(20) });
}

/** A filter over the trace's fields; some of its forms never match, and some need a `?`. */
export function randomFilter(trace: RandomTrace, next: Next): string | undefined {
  if (next(5) === 0) return undefined;
  const one = (names: readonly string[], otherwise: string): string =>
    names[next(names.length)] ?? otherwise;
  const number = (): string => (next(3) === 0 ? String(next(300) - 20) : one(trace.numbers, "7"));
  const optional = (name: string): string => (/^[a-z$]/.test(name) && next(2) ? `${name}?` : name);
  const term = (): string => {
    const comparison = ["==", "!=", "<", ">", "<=", ">="][next(6)]!;
    switch (next(8)) {
      case 0:
        return `${one(trace.texts, '"a"')} ${["==", "!="][next(2)]} "${["a*", "*", "", "ab", "*b*", "a*c", "\\\\*"][next(7)]}"`;
      case 1:
        return `${one(trace.texts, '"a"')} ${comparison} ${one(trace.texts, '"b"')}`;
      case 2:
        return `${one(trace.arrays, "1 == 1 || f0")}[${next(4)}] ${comparison} ${number()}`;
      case 3:
        return `(${number()} ${["&", "|", "^", "<<", ">>"][next(5)]} ${next(70)}) ${comparison} ${number()}`;
      case 4:
        return `${optional(number())} ${comparison} ${next(10) / 4}`;
      case 5:
        return `!${number()}`;
      case 6:
        return `$ctx.cpu_id ${comparison} ${next(4)}`;
      default:
        return `${optional(number())} ${comparison} ${number()}`;
    }
  };
  let text = term();
  for (let n = next(4); n > 0; n--) text = `(${text}) ${next(2) ? "&&" : "||"} ${term()}`;
  return text;
}
