/** The first visit: what is attached, three queries that give rows here, and the way into a tour. */

import { byId, make, visible } from "./dom.ts";
import { exact } from "./number.ts";
import { isWell } from "./source-info.ts";
import type { Sources } from "./sources.ts";
import { timeOfDay } from "./time.ts";
import type { Token } from "./token.ts";
import type { Host } from "./view.ts";

const KEY = "tracewire.welcome";
const EXAMPLES = 3;
/** Of a live session: how long an example may take to give a row. */
const LIVE_WAIT = "3s";

interface Example {
  readonly title: string;
  readonly query: string;
  /** Gives a row at once if the example gives any. */
  readonly probe: string;
}

/** The first that give rows are shown. */
const CANDIDATES: readonly Example[] = [
  {
    title: "Which container uses the processors?",
    query: "|> slices |> usage(dt) by container |> sort usage_dt desc",
    probe: "|> slices |> limit 1",
  },
  {
    title: "Which system calls fail, and how?",
    query: "ret < 0 |> syscalls |> count() by container, syscall, errno |> top 20 by count",
    probe: "ret < 0 |> syscalls |> limit 1",
  },
  {
    title: "Which files could not be opened?",
    query:
      'syscall == "open*" && ret < 0 |> syscalls |> count() by container, filename |> top 20 by count',
    probe: 'syscall == "open*" && ret < 0 |> syscalls |> limit 1',
  },
  {
    title: "What did tasks wait for?",
    query: "|> blocked |> sum(dt), count() by container, comm, syscall |> top 20 by sum_dt",
    probe: "|> blocked |> limit 1",
  },
  {
    title: "Which events are most frequent?",
    query: "|> count() by event |> top 20 by count",
    probe: "|> events |> limit 1",
  },
  {
    title: "Which containers and processes send events?",
    query: "|> count() by container, procname |> top 20 by count",
    probe: '$ctx.procname == "*" |> limit 1',
  },
  {
    title: "How many events come each second?",
    query: "|> count() every 1s",
    probe: "|> events |> limit 1",
  },
];

export class Welcome {
  readonly #host: Host;
  readonly #sources: Sources;
  readonly #tour: () => void;
  #hasBegun = false;
  /** Of the sources that are shown. */
  #version = -1;
  /** How many of them were well when examples were looked for. */
  #well = 0;
  /** Counts searches for examples: an older one gives way. */
  #search = 0;

  /** @param tour called when the user wants it */
  constructor(host: Host, sources: Sources, tour: () => void) {
    this.#host = host;
    this.#sources = sources;
    this.#tour = tour;
    byId("welcome-close").addEventListener("click", () => this.#dismiss());
    byId("welcome-tour").addEventListener("click", () => {
      this.#dismiss();
      this.#tour();
    });
  }

  /** Shows it, unless it was dismissed, or a link leads to what somebody found. */
  begin(): void {
    if (location.search !== "") return;
    if (this.#hasBegun || this.#sources.all.length === 0 || wasDismissed()) return;
    this.open();
  }

  open(): void {
    this.#hasBegun = true;
    byId("welcome").hidden = false;
    const isLive = this.#sources.isLive("");
    this.#well = this.#sources.all.filter(isWell).length;
    this.#showSources();
    if (isLive) void this.#sources.loadSessions(this.#host.token);
    void this.#showContainers();
    void this.#findExamples(isLive);
  }

  /** Follows the sources while it is shown: what one that comes back brings is looked for anew. */
  update(): void {
    if (byId("welcome").hidden || this.#version === this.#sources.version) return;
    const well = this.#sources.all.filter(isWell).length;
    if (well > this.#well) this.open();
    this.#well = well;
    this.#showSources();
  }

  /** Until the next visit. */
  close(): void {
    byId("welcome").hidden = true;
  }

  #dismiss(): void {
    this.close();
    localStorage.setItem(KEY, "dismissed");
  }

  #showSources(): void {
    this.#version = this.#sources.version;
    byId("welcome-sources").replaceChildren(
      ...this.#sources.all.map((one) => {
        const { source, kind, state, since, sessions } = one;
        const of = sessions.length > 0 ? `: ${sessions.map(visible).join(", ")}` : "";
        const how = isWell(one) ? "" : `, ${state} since ${timeOfDay(since)}`;
        return make(
          "li",
          {},
          make("b", {}, kind),
          ` ${visible(source)}${of}`,
          make("span", { class: "bad" }, how),
        );
      }),
    );
  }

  async #showContainers(): Promise<void> {
    const place = byId("welcome-containers");
    try {
      const answer = await fetch("v1/containers", { headers: this.#host.token.headers });
      const { containers = [] } = (await answer.json()) as { containers?: { name?: string }[] };
      const names = containers.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
      const shown = names.slice(0, 12).map((name) => visible(name.slice(0, 80)));
      const more =
        names.length > shown.length ? `, and ${exact(names.length - shown.length)} more` : "";
      place.textContent =
        names.length === 0
          ? "No containers are named in it."
          : `Containers: ${shown.join(", ")}${more}.`;
    } catch {
      place.textContent = "";
    }
  }

  async #findExamples(isLive: boolean): Promise<void> {
    const search = ++this.#search;
    const list = byId("welcome-examples");
    const say = (text: string): void => list.replaceChildren(make("li", {}, text));
    if (this.#well === 0) return say("They are looked for when a source is attached.");
    say("looking for queries that give rows here …");
    const found: Node[] = [];
    for (const { title, query, probe } of CANDIDATES) {
      if (found.length === EXAMPLES) break;
      const hasRows = await this.#hasRows(probe, isLive, this.#host.token);
      if (search !== this.#search) return;
      if (!hasRows) continue;
      const button = make("button", { type: "button" }, query);
      button.addEventListener("click", () =>
        this.#host.go({ query, view: "events", isPaused: false }),
      );
      found.push(make("li", {}, `${title} `, button));
      list.replaceChildren(...found);
    }
    if (found.length === 0) say("Nothing has come yet.");
  }

  async #hasRows(query: string, isLive: boolean, token: Token): Promise<boolean> {
    const parameters = new URLSearchParams({ format: "ndjson", q: query });
    if (isLive) parameters.set("duration", LIVE_WAIT);
    try {
      const answer = await fetch(`v1/query?${parameters}`, { headers: token.headers });
      if (!answer.ok || answer.body === null) return false;
      const reader = answer.body.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return (
        value !== undefined &&
        value.length > 0 &&
        !new TextDecoder().decode(value).startsWith('{"error"')
      );
    } catch {
      return false;
    }
  }
}

function wasDismissed(): boolean {
  return localStorage.getItem(KEY) !== null;
}
