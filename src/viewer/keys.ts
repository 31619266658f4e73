/** Keys of the whole page. In fields they are text. */

import { byId } from "./dom.ts";

export interface KeyActions {
  /** Write a query. */
  readonly write: () => void;
  readonly pause: () => void;
  readonly view: (name: "query" | "containers") => void;
}

export function listenToKeys({ write, pause, view }: KeyActions): void {
  const help = byId<HTMLDialogElement>("help");
  const actions = new Map<string, () => void>([
    ["/", write],
    [" ", pause],
    ["1", () => view("query")],
    ["2", () => view("containers")],
    ["?", () => help.showModal()],
    ["ArrowDown", () => step(1)],
    ["ArrowUp", () => step(-1)],
  ]);
  byId("help-button").addEventListener("click", () => help.showModal());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target as Element;
    if (target.closest("input, select, textarea") !== null) return;
    // Space presses a button that has the focus.
    if (event.key === " " && target.closest("button") !== null) return;
    const isArrow = event.key.startsWith("Arrow");
    if (isArrow && byId("containers").hidden) return;
    const action = actions.get(event.key);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

/** Moves the focus along the containers. */
function step(by: number): void {
  const buttons = [...byId("containers-table").querySelectorAll<HTMLElement>("tbody button")];
  const place = buttons.indexOf(document.activeElement as HTMLElement);
  const next = place < 0 ? 0 : Math.min(buttons.length - 1, Math.max(0, place + by));
  buttons[next]?.focus();
}
