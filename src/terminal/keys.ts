/** Keys of a terminal, as names. */

import { emitKeypressEvents } from "node:readline";

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
  if (name === "return" || name === "enter") return "enter";
  if (name === "pageup" || name === "pagedown") return name.replace("page", "page-");
  if (text !== undefined && !meta && /^[^\p{C}]+$/u.test(text)) return text;
  return meta || press.sequence === undefined ? undefined : name;
}

/** Calls a listener with each key, until the returned function is called. */
export function listenToKeys(
  input: KeyInput & NodeJS.ReadableStream,
  listener: (key: string) => void,
): () => void {
  emitKeypressEvents(input);
  const onPress = (text: string | undefined, press: Press): void => {
    const key = keyName(text, press);
    if (key !== undefined) listener(key);
  };
  input.on("keypress", onPress);
  return () => void input.off("keypress", onPress);
}
