/** What is seen, to take along: each query's rows in every format, the commands that give the same, charts as pictures. */

import { byId, make, visible } from "./dom.ts";
import { pngOf, save, svgText } from "./picture-file.ts";
import { filterOf, shellWord, withoutTerms } from "./query-text.ts";
import type { Range } from "./time.ts";
import type { Token } from "./token.ts";
import type { Scope, View } from "./view.ts";

const FORMATS = [
  ["Arrow", "arrow", "arrows"],
  ["Parquet", "parquet", "parquet"],
  ["CSV", "csv", "csv"],
  ["NDJSON", "ndjson", "ndjson"],
] as const;
/** A live query has no end: so much of it is exported. */
const LIVE_DURATION = "10s";

export class ExportDialog {
  readonly #dialog = byId<HTMLDialogElement>("export");
  readonly #token: Token;

  constructor(token: Token) {
    this.#token = token;
  }

  open(view: View, scope: Scope, sources: readonly string[]): void {
    const { isLive, place } = scope;
    const range = isLive ? undefined : place.range;
    byId("export-queries").replaceChildren(
      ...view.queries.map((asked) => this.#query(asked, scope, range, sources)),
    );
    byId("export-live").hidden = !isLive;
    byId("export-charts").replaceChildren(...charts().map(([name, svg]) => this.#chart(name, svg)));
    byId("export-link").textContent = location.href;
    byId("export-state").textContent = "";
    this.#dialog.showModal();
  }

  #query(
    query: string,
    scope: Scope,
    range: Range | undefined,
    sources: readonly string[],
  ): HTMLElement {
    const { source, isLive } = scope;
    const buttons = FORMATS.map(([title, format, suffix]) => {
      const parameters = new URLSearchParams({ format });
      if (query !== "") parameters.set("q", query);
      if (source !== "") parameters.set("source", source);
      if (range !== undefined) {
        parameters.set("begin", String(range.begin));
        parameters.set("end", String(range.end - 1n));
      }
      if (isLive) parameters.set("duration", LIVE_DURATION);
      const button = make("button", { type: "button", "data-format": format }, title);
      button.addEventListener(
        "click",
        () => void this.#download(`v1/query?${parameters}`, `tracewire.${suffix}`),
      );
      return button;
    });
    const where = source === "" ? sources : [source];
    return make(
      "li",
      {},
      make("code", {}, visible(query === "" ? "all events" : query)),
      make("div", { class: "measures" }, ...buttons),
      ...commands(query, where, range, isLive).map((command) =>
        make("pre", { class: "command" }, visible(command)),
      ),
    );
  }

  async #download(path: string, name: string): Promise<void> {
    const state = byId("export-state");
    state.textContent = "asking the server …";
    try {
      const answer = await fetch(path, { headers: this.#token.headers });
      if (!answer.ok) {
        const { error } = (await answer.json()) as { error?: { message?: string } };
        state.textContent = visible(error?.message ?? `status ${answer.status}`);
        return;
      }
      const blob = await answer.blob();
      save(blob, name);
      state.textContent = `${name}: ${blob.size.toLocaleString("en-US")} bytes`;
    } catch (error) {
      state.textContent = `the connection broke: ${String(error)}`;
    }
  }

  #chart(name: string, svg: SVGElement): HTMLElement {
    const asSvg = make("button", { type: "button", "data-picture": "svg" }, "SVG");
    const asPng = make("button", { type: "button", "data-picture": "png" }, "PNG");
    asSvg.addEventListener("click", () =>
      save(new Blob([svgText(svg)], { type: "image/svg+xml" }), `${name}.svg`),
    );
    asPng.addEventListener("click", () => {
      void pngOf(svg).then((blob) => save(blob, `${name}.png`));
    });
    return make("li", {}, `${name} `, asSvg, asPng);
  }
}

/** The charts that are seen. */
function charts(): readonly (readonly [string, SVGElement])[] {
  const all = document.querySelectorAll<SVGElement>("main figure svg, #overview-chart svg");
  return [...all]
    .filter((svg) => svg.checkVisibility())
    .map((svg) => {
      const figure = svg.closest<HTMLElement>("[data-chart]");
      return [figure?.dataset["chart"] ?? "overview", svg] as const;
    });
}

/** Lines for a shell, and for Python, that give the same rows. */
function commands(
  query: string,
  sources: readonly string[],
  range: Range | undefined,
  isLive: boolean,
): readonly string[] {
  const times =
    range === undefined ? [] : ["--begin", String(range.begin), "--end", String(range.end - 1n)];
  const duration = isLive ? ["--duration", LIVE_DURATION] : [];
  const words = ["query", ...times, ...duration, ...sources, query === "" ? "|> events" : query];
  const lines = [`tracewire ${words.map(shellWord).join(" ")}`];
  const filter = filterOf(query);
  if (filter === query) {
    const where = filter === "" ? [] : ["--where", filter];
    const tail = ["tail", ...times, ...duration, ...where, ...sources];
    lines.push(`tracewire ${tail.map(shellWord).join(" ")}`);
    // The tracer knows nothing of containers.
    if (filter !== "" && !filter.includes("$container"))
      lines.push(`lttng enable-event --kernel --all --filter ${shellWord(filter)}`);
  }
  // A cut keeps event records. Before a table, only terms that begin with $ hold for these.
  if (!isLive && sources.every((one) => !/^(net|follow)/.test(one))) {
    const kept = filter === query ? filter : withoutTerms(filter, (term) => !term.startsWith("$"));
    const where = kept === "" ? [] : ["--where", kept];
    const cut = ["cut", "--to", "cut", ...times, ...where, ...sources];
    lines.push(`tracewire ${cut.map(shellWord).join(" ")}`);
  }
  const asked = [
    ...(query === "" ? [] : [JSON.stringify(query)]),
    ...(sources.length === 1 ? [`source=${JSON.stringify(sources[0])}`] : []),
    ...(range === undefined ? [] : [`begin=${range.begin}`, `end=${range.end - 1n}`]),
  ];
  lines.push(`tw.connect(${JSON.stringify(location.origin)}).query(${asked.join(", ")})`);
  return lines;
}
