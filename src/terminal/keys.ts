/** Keys of a terminal, as names. */

import { emitKeypressEvents, type Interface } from "node:readline";

/** What Node says of a key press. */
interface Press {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

/** The part of an input stream that is used. */
export interface KeyInput {
  on(name: "keypress", listener: (text: string | undefined, press: Press) => void): unknown;
  off(name: "keypress", listener: (text: string | undefined, press: Press) => void): unknown;
}

/**
 * `up`, `enter`, `escape`, `backspace`, `page-down`, `ctrl-c`; a character that can be printed is itself. `undefined` for
 * what is neither.
 */
export function keyName(text: string | undefined, press: Press): string | undefined {
  const { name, ctrl = false, meta = false } = press;
  if (ctrl && name !== undefined) return `ctrl-${name}`;
  if (text === " ") return "space";
  // Node says of it what it says of Alt with a key.
  if (name === "escape") return name;
  if (name === "return" || name === "enter") return "enter";
  if (name === "pageup" || name === "pagedown") return name.replace("page", "page-");
  if (text !== undefined && !meta && /^[^\p{C}]+$/u.test(text)) return text;
  return meta || press.sequence === undefined ? undefined : name;
}

/** How long what stands behind an escape may take to be of one key with it; Node's half a second would eat the next key. */
const ESCAPE_MS = 100;

/** Calls a listener with each key, until the returned function is called. */
export function listenToKeys(
  input: KeyInput & NodeJS.ReadableStream,
  listener: (key: string) => void,
): () => void {
  // Node reads nothing else of an interface.
  emitKeypressEvents(input, { escapeCodeTimeout: ESCAPE_MS } as unknown as Interface);
  const onPress = (text: string | undefined, press: Press): void => {
    const key = keyName(text, press);
    if (key !== undefined) listener(key);
  };
  input.on("keypress", onPress);
  return () => void input.off("keypress", onPress);
}
