import { parseDuration } from "../../base/duration.ts";
import { FeedError } from "../../base/errors.ts";
import { nearestName, splitNames } from "../../base/text.ts";

/** Names in one list. */
const MAX_NAMES = 1000;

/** Named values from outside, read one by one and checked; empty texts count as absent. */
export class Parameters {
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>, known: readonly string[]) {
    for (const name of values.keys()) {
      if (!known.includes(name)) throw unknownParameter(name, known);
    }
    this.#values = values;
  }

  /** @throws FeedError 400 `UNKNOWN_PARAMETER` for a name that is not known */
  static ofUrl(search: URLSearchParams, known: readonly string[]): Parameters {
    const values = new Map<string, unknown>();
    for (const name of new Set(search.keys())) {
      const all = search.getAll(name);
      values.set(name, all.length === 1 ? all[0] : all);
    }
    return new Parameters(values, known);
  }

  /** @throws FeedError 400 `UNKNOWN_PARAMETER` for a name that is not known */
  static ofJson(object: Readonly<Record<string, unknown>>, known: readonly string[]): Parameters {
    return new Parameters(new Map(Object.entries(object)), known);
  }

  /** @throws FeedError 400, as all that follow */
  text(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === "string") return value;
    throw badParameter(name, "one text", value);
  }

  /** `a,b,c`, or an array of names. */
  list(name: string): readonly string[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const names = items.flatMap((item) => {
      if (typeof item !== "string") throw badParameter(name, "names", value);
      return splitNames(item);
    });
    if (names.includes("")) throw badParameter(name, "names with commas between them", value);
    if (names.length > MAX_NAMES) {
      throw badParameter(name, `at most ${MAX_NAMES} names`, names.length);
    }
    return names;
  }

  /** A whole number from 0. */
  count(name: string, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
    if (
      typeof number === "number" &&
      Number.isSafeInteger(number) &&
      number >= 0 &&
      number <= max
    ) {
      return number;
    }
    throw badParameter(name, `a whole number from 0 to ${max}`, value);
  }

  /** `10s`, `500ms`, `2m`, or plain seconds → milliseconds. */
  duration(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const isScalar = typeof value === "string" || typeof value === "number";
    const ms = isScalar ? parseDuration(String(value)) : undefined;
    if (ms !== undefined) return ms;
    throw badParameter(name, "a duration such as 10s, 500ms or 2m, of 24 days at most", value);
  }

  /** Nanoseconds since the Unix epoch, as text: JSON's numbers are not exact. */
  nanoseconds(name: string): bigint | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ns = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
    if (ns !== undefined && BigInt.asIntN(64, ns) === ns) return ns;
    throw badParameter(name, "nanoseconds since the Unix epoch", text);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    throw badParameter(name, choices.join(" or "), value);
  }

  #get(name: string): unknown {
    const value = this.#values.get(name);
    return value === "" || value === null ? undefined : value;
  }
}

const EXCERPT = 80;

/** A parameter whose value is not what it may be. */
export function badParameter(
  name: string,
  expected: string,
  got: unknown,
  cause?: unknown,
): FeedError {
  const text = typeof got === "string" ? got : (JSON.stringify(got) ?? String(got));
  const short = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
  const message = `${name}: expected ${expected}, got ${short}`;
  return new FeedError("BAD_PARAMETER", message, 400, { cause });
}

function unknownParameter(name: string, known: readonly string[]): FeedError {
  const near = nearestName(name, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  const message = `query: expected parameters among ${known.join(", ")}, got ${name.slice(0, EXCERPT)}${hint}`;
  return new FeedError("UNKNOWN_PARAMETER", message, 400);
}
