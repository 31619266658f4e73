/** The traced machines, where there are several: a choice that adds a term to the query, which keeps it. */

import type { Place } from "./address.ts";
import { byId, visible } from "./dom.ts";
import { filterOf, termsOf, textTerm, withoutTerms, withTerm } from "./query-text.ts";

const FIELD = "$trace.hostname";
const OF_HOST = /^\$trace\.hostname == /;
const MOST = 1000;

export class HostFilter {
  readonly #select = byId<HTMLSelectElement>("host");
  readonly #hosts = new Set<string>();
  #shown = "";

  /** @param choose called with a filter of the chosen host */
  constructor(choose: (change: (query: string) => string) => void) {
    this.#select.addEventListener("change", () => {
      const { value } = this.#select;
      choose((query) => ofHost(query, value));
    });
  }

  /** What is known stays: a host that is silent is still one. */
  add(hosts: Iterable<string>): void {
    for (const host of hosts) if (this.#hosts.size < MOST) this.#hosts.add(host);
  }

  show({ query }: Place): void {
    const terms = termsOf(filterOf(query));
    const names = [...this.#hosts].sort();
    const chosen = names.find((name) => terms.includes(textTerm(FIELD, name))) ?? "";
    byId("hosts").hidden = names.length < 2;
    const shown = JSON.stringify([names, chosen]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#select.replaceChildren(
      new Option(`all ${names.length}`, ""),
      ...names.map((name) => new Option(visible(name.slice(0, 80)), name)),
    );
    this.#select.value = chosen;
  }
}

/** A query whose events are of one host; of all hosts if that is empty. */
function ofHost(query: string, host: string): string {
  const filter = filterOf(query);
  const stages = query.slice(query.indexOf(filter) + filter.length).trim();
  const others = withoutTerms(filter, (term) => OF_HOST.test(term));
  return `${host === "" ? others : withTerm(others, textTerm(FIELD, host))} ${stages}`.trim();
}
