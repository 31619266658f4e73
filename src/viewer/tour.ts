/** Five steps through the page; each points at a part of it. */

import type { Place } from "./address.ts";
import { byId } from "./dom.ts";
import type { Host } from "./view.ts";

interface Step {
  readonly title: string;
  readonly text: string;
  /** The element that it speaks of. */
  readonly at: string;
  readonly place: Partial<Place>;
}

const STEPS: readonly Step[] = [
  {
    title: "Containers",
    text: "Each row is a container. Enter on a row goes to its processes, Backspace goes back.",
    at: "containers",
    place: { view: "containers", query: "" },
  },
  {
    title: "The query",
    text: "Every table and chart is a query, and keeps to the filter in this box. / writes one, Tab completes it.",
    at: "where",
    place: { view: "events" },
  },
  {
    title: "Time",
    text: "Events over time. Drag for a range, drag with Shift for a second one to compare with. Red stripes mark losses.",
    at: "overview",
    place: {},
  },
  {
    title: "System calls",
    text: "Latency over time: a stronger colour is more. Brush the map to see the calls themselves.",
    at: "syscalls",
    place: { view: "syscalls" },
  },
  {
    title: "Share it",
    text: "The address keeps all of this but the token. Export has files, pictures and the commands that give the same.",
    at: "export-button",
    place: {},
  },
];

export class Tour {
  readonly #host: Host;
  #step = 0;

  constructor(host: Host) {
    this.#host = host;
    byId("tour-next").addEventListener("click", () => this.#show(this.#step + 1));
    byId("tour-back").addEventListener("click", () => this.#show(this.#step - 1));
    byId("tour-end").addEventListener("click", () => this.end());
    byId("tour").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.end();
    });
  }

  begin(): void {
    this.#show(0);
  }

  end(): void {
    byId("tour").hidden = true;
    for (const one of document.querySelectorAll(".pointed")) one.classList.remove("pointed");
  }

  #show(step: number): void {
    const shown = STEPS[step];
    this.end();
    if (shown === undefined) return;
    this.#step = step;
    if (Object.keys(shown.place).length > 0) this.#host.go(shown.place);
    byId("tour-title").textContent = `${step + 1} of ${STEPS.length}: ${shown.title}`;
    byId("tour-text").textContent = shown.text;
    byId<HTMLButtonElement>("tour-back").disabled = step === 0;
    byId("tour-next").textContent = step === STEPS.length - 1 ? "Done" : "Next";
    byId("tour").hidden = false;
    document.getElementById(shown.at)?.classList.add("pointed");
    byId("tour-next").focus();
  }
}
