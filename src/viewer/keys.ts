/** Keys of the whole page. In fields they are text. */

import { VIEWS, type ViewName } from "./address.ts";
import { byId } from "./dom.ts";

export interface KeyActions {
  /** Write a query. */
  readonly write: () => void;
  readonly pause: () => void;
  readonly view: (name: ViewName) => void;
  /** One level up. */
  readonly up: () => void;
  readonly share: () => void;
  /** A key that the view may know. */
  readonly other: (key: string) => boolean;
}

export function listenToKeys({ write, pause, view, up, share, other }: KeyActions): void {
  const help = byId<HTMLDialogElement>("help");
  const actions = new Map<string, () => void>([
    ["/", write],
    [" ", pause],
    ["Backspace", up],
    ["e", share],
    ["?", () => help.showModal()],
    ...VIEWS.map((name, i) => [String(i + 1), () => view(name)] as const),
  ]);
  byId("help-button").addEventListener("click", () => help.showModal());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    const isTyping = target.closest("input:not([type=checkbox]), select, textarea") !== null;
    if (isTyping || document.querySelector("dialog[open]") !== null) return;
    // Space presses a button that has the focus.
    if (event.key === " " && target.closest("button, [role=slider]") !== null) return;
    const action = actions.get(event.key);
    if (action === undefined) {
      if (other(event.key)) event.preventDefault();
      return;
    }
    event.preventDefault();
    action();
  });
}
