/** One row with every field. A click on a field demands its value, with Alt it excludes it. */

import type { Place } from "./address.ts";
import { cellText, payloadFields } from "./cell-text.ts";
import { brief, byId, make, visible } from "./dom.ts";
import type { Row } from "./frames.ts";
import { filterOf, valueTerm, withTerm } from "./query-text.ts";
import type { Host } from "./view.ts";

const AROUND_NS = 5_000_000n;
/** Fields of the record itself: a filter asks for them without `$ctx.`. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  event: "$event.name",
  container: "$container.name",
  host: "$trace.hostname",
};
const NO_TERM = /^(timestamp|payload|domain|lost_events|overflow|window)$/;

export class RowPanel {
  readonly #host: Host;
  #place: Place | undefined;

  constructor(host: Host) {
    this.#host = host;
    byId("row-close").addEventListener("click", () => this.close());
    byId("row").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  run(place: Place): void {
    this.#place = place;
    this.close();
  }

  close(): void {
    if (byId("row").hidden) return;
    byId("row").hidden = true;
    byId("result").focus();
  }

  open(row: Row): void {
    const isTable = /\|>/.test(this.#place?.query ?? "");
    const own = Object.entries(row).filter(([name]) => name !== "payload");
    const fields = [
      ...own.map(([name, value]) => this.#field(name, value, isTable ? name : ownName(name))),
      ...payloadFields(row["payload"]).map(([name, value]) => this.#field(name, value, name)),
    ];
    byId("row-fields").replaceChildren(...fields);
    const { timestamp } = row;
    const around = byId("row-around");
    around.hidden = typeof timestamp !== "bigint";
    if (typeof timestamp === "bigint")
      around.onclick = () =>
        this.#host.go({
          query: "",
          view: "timeline",
          range: { begin: timestamp - AROUND_NS, end: timestamp + AROUND_NS },
        });
    byId("row").hidden = false;
    byId("row-close").focus();
  }

  #field(name: string, value: unknown, field: string): HTMLElement {
    const text = brief(cellText(value), 400);
    const isPlain = typeof value !== "object";
    if (!isPlain || NO_TERM.test(name)) return line(name, [text]);
    const demand = this.#button(text, "only rows with this value", field, value, "==");
    const exclude = this.#button("≠", `without ${name} = ${text}`, field, value, "!=");
    demand.addEventListener("click", (event) =>
      this.#add(field, value, event.altKey ? "!=" : "=="),
    );
    exclude.addEventListener("click", () => this.#add(field, value, "!="));
    return line(name, [demand, exclude]);
  }

  #button(
    text: string,
    title: string,
    field: string,
    value: unknown,
    operator: "==" | "!=",
  ): HTMLElement {
    const label = `${title}: ${visible(valueTerm(field, value, operator)).slice(0, 200)}`;
    return make("button", { type: "button", title: label }, text);
  }

  #add(field: string, value: unknown, operator: "==" | "!="): void {
    const query = this.#place?.query ?? "";
    const filter = filterOf(query);
    const stages = query.slice(query.indexOf(filter) + filter.length).trim();
    const mended = `${withTerm(filter, valueTerm(field, value, operator))} ${stages}`.trim();
    this.#host.go({ query: mended, isPaused: false });
  }
}

/** Contexts are asked for as such: a payload may have a field of the same name. */
function ownName(name: string): string {
  return OWN_NAMES[name] ?? `$ctx.${name}`;
}

function line(name: string, content: readonly (Node | string)[]): HTMLElement {
  return make("div", {}, make("dt", {}, visible(name)), make("dd", {}, ...content));
}
