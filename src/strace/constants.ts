/** Names of the kernel's numbers, as strace writes them. */

import { CONSTANTS, ERRORS } from "./uapi.generated.ts";

const byFamily = new Map<string, ReadonlyMap<number, string>>();

function namesOf(family: string): ReadonlyMap<number, string> {
  let names = byFamily.get(family);
  if (names === undefined) {
    const found = new Map<number, string>();
    for (const [number, name] of CONSTANTS[family] ?? [])
      if (!found.has(number)) found.set(number, name);
    names = found;
    byFamily.set(family, names);
  }
  return names;
}

/** `SEEK_SET`; numbers without a name are hexadecimal, with a comment, as strace has them. */
export function constantText(family: string, value: number): string {
  return namesOf(family).get(value >>> 0) ?? `${hex(value)} /* ${family.toUpperCase()}_??? */`;
}

export function hasConstant(family: string, value: number): boolean {
  return namesOf(family).has(value >>> 0);
}

/** `O_WRONLY|O_CREAT`; what has no name is added as a number; 0 is 0, or what the family calls it. */
export function flagsText(family: string, value: number): string {
  const names = namesOf(family);
  const wanted = value >>> 0;
  if (wanted === 0) return family === "prot" ? "PROT_NONE" : "0";
  // Names of several bits, such as O_SYNC, stand for all of them.
  const flags = [...names].filter(([flag]) => flag !== 0).sort((a, b) => bits(b[0]) - bits(a[0]));
  let left = wanted;
  const found: (readonly [number, string])[] = [];
  for (const [flag, name] of flags) {
    if ((left & flag) >>> 0 !== flag) continue;
    found.push([flag, name]);
    left = (left & ~flag) >>> 0;
  }
  const texts = found.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
  if (left !== 0) texts.push(hex(left));
  return texts.length === 0 ? "0" : texts.join("|");
}

function bits(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}

export function hex(value: number | bigint): string {
  const unsigned = BigInt.asUintN(
    typeof value === "number" && value < 0 && value > -(2 ** 31) ? 32 : 64,
    BigInt(value),
  );
  return `0x${unsigned.toString(16)}`;
}

/** What no header has: the kernel's own, which programs do not see. @see strace, tests/ and linux/errno.h */
const RESTARTS: ReadonlyMap<number, string> = new Map([
  [512, "ERESTARTSYS (To be restarted if SA_RESTART is set)"],
  [513, "ERESTARTNOINTR (To be restarted)"],
  [514, "ERESTARTNOHAND (To be restarted if no handler)"],
  [515, "ENOIOCTLCMD"],
  [516, "ERESTART_RESTARTBLOCK (Interrupted by signal)"],
]);
const errors = new Map(ERRORS.map(([number, name, text]) => [number, { name, text }]));
const LAST_ERROR = 4095;

/** `-1 ENOENT (No such file or directory)`; `undefined` for a result that is no error. */
export function errorText(result: number): string | undefined {
  if (result >= 0 || result < -LAST_ERROR) return undefined;
  const restart = RESTARTS.get(-result);
  if (restart !== undefined) return `? ${restart}`;
  const error = errors.get(-result);
  return error === undefined ? `-1 (errno ${-result})` : `-1 ${error.name} (${error.text})`;
}

/** `openat` of its number; x86_64's. */
export function callName(number: number): string | undefined {
  return namesOf("number").get(number)?.replace("__NR_", "");
}
