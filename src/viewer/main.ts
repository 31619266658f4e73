/** The page: what its controls do, and the address that keeps it. */

import { addressOf, type Place, placeOf, type ViewName } from "./address.ts";
import { ContainersView } from "./containers-view.ts";
import { byId, show } from "./dom.ts";
import { listenToKeys } from "./keys.ts";
import { QueryBox } from "./query-box.ts";
import { QueryView } from "./query-view.ts";
import { Token } from "./token.ts";

const token = new Token();
const view = new QueryView(token, (query) => go({ query, isPaused: false }));
const containers = new ContainersView(token, (query) =>
  go({ query, view: "query", isPaused: false }),
);
const kinds = new Map<string, string>();
const source = byId<HTMLSelectElement>("source");
const box = new QueryBox(token, () => place.source);
let place: Place = placeOf(location.search);

async function start(): Promise<void> {
  if (!token.isPossible) return ask("This cannot be a token.");
  try {
    const answer = await fetch("v1/sessions", { headers: token.headers });
    if (answer.status === 401) return ask(token.isEmpty ? "" : "This is not the server's token.");
    token.keep();
    const { sources = [] } = (await answer.json()) as {
      sources?: { source: string; kind: string }[];
    };
    kinds.clear();
    for (const one of sources) kinds.set(one.source, one.kind);
    const all = kinds.size > 1 ? [new Option("all", "")] : [];
    source.replaceChildren(...all, ...[...kinds.keys()].map((name) => new Option(name, name)));
    byId("sources").hidden = kinds.size < 2;
  } catch {
    // The query reports what is wrong.
  }
  restore();
}

function ask(problem: string): void {
  containers.stop();
  view.stop("needs a token");
  byId("access").hidden = false;
  byId("token").focus();
  show("error", problem);
}

/** Shows what the address says. */
function restore(): void {
  place = placeOf(location.search);
  box.value = place.query;
  source.value = kinds.size > 1 ? place.source : source.value;
  showPause();
  run();
  showView();
}

function run(): void {
  const isLive =
    kinds.size === 0 || [...kinds].some(([name, kind]) => isChosen(name) && kind === "live");
  if (place.view === "containers") {
    view.stop("stopped");
    containers.run(place.source, isLive);
  } else {
    containers.stop();
    view.run(place.query, place.source, isLive);
  }
}

function showView(): void {
  const isQuery = place.view === "query";
  byId("containers").hidden = isQuery;
  byId("answer").hidden = true;
  byId("events").hidden = !isQuery;
  byId("totals").hidden = !isQuery;
  byId("stop").hidden = !isQuery;
  if (!isQuery) byId("losses").hidden = true;
  for (const button of document.querySelectorAll<HTMLElement>("[data-view]"))
    if (button.dataset["view"] === place.view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
}

function isChosen(name: string): boolean {
  return place.source === "" || place.source === name;
}

/** Goes to another place, which the back button leaves. */
function go(changes: Partial<Place>): void {
  place = { ...place, ...changes };
  history.pushState(null, "", addressOf(place));
  restore();
}

byId("query").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("access").hidden) return byId("token").focus();
  go({ query: box.value, view: "query", isPaused: false });
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>("token");
  token.set(field.value);
  field.value = "";
  byId("access").hidden = true;
  show("error", "");
  void start();
});
byId("stop").addEventListener("click", () => view.stop("stopped"));
byId("pause").addEventListener("click", () => pause(!place.isPaused));
source.addEventListener("change", () => go({ source: source.value }));
addEventListener("popstate", restore);

function pause(isPaused: boolean): void {
  place = { ...place, isPaused };
  history.replaceState(null, "", addressOf(place));
  showPause();
}

function showPause(): void {
  const { isPaused } = place;
  view.pause(isPaused);
  containers.pause(isPaused);
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Paused" : "Pause";
}

function open(name: ViewName): void {
  if (name !== place.view) go({ view: name, isPaused: false });
}

for (const button of document.querySelectorAll<HTMLElement>("[data-view]"))
  button.addEventListener("click", () => open(button.dataset["view"] as ViewName));
listenToKeys({ write: () => box.focus(), pause: () => pause(!place.isPaused), view: open });
box.value = place.query;
void start();
