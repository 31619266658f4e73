/** The page: what its controls do, and the address that keeps it. */

import { addressOf, type Place, placeOf, type ViewName } from "./address.ts";
import { CompareView } from "./compare-view.ts";
import { placeAbove, showCrumbs } from "./crumbs.ts";
import { Diagnostic } from "./diagnostic.ts";
import { byId, count, show, visible } from "./dom.ts";
import { ExportDialog } from "./export-dialog.ts";
import type { QueryError } from "./frames.ts";
import { HostFilter } from "./host-filter.ts";
import { listenToKeys } from "./keys.ts";
import { isOfPage } from "./loss.ts";
import { LossesView } from "./losses-view.ts";
import { CONTAINERS, NO_NAME, PROCESSES } from "./metric-queries.ts";
import { MetricsView } from "./metrics-view.ts";
import { Overview } from "./overview.ts";
import { QueryBox } from "./query-box.ts";
import { containerTerm, filterOf, withTerm } from "./query-text.ts";
import { QueryView } from "./query-view.ts";
import { Sources, WATCH_MS } from "./sources.ts";
import { SyscallsView } from "./syscalls-view.ts";
import { listenToTheme } from "./theme.ts";
import { TimelineView } from "./timeline-view.ts";
import { Token } from "./token.ts";
import { Tour } from "./tour.ts";
import { type Host, type Scope, scopeOf, type View } from "./view.ts";
import { Welcome } from "./welcome.ts";

const UPDATE_MS = 200;

let place: Place = placeOf(location.search);
const sources = new Sources();
const source = byId<HTMLSelectElement>("source");
const host: Host = {
  ...{ token: new Token(), go, replace, pause, diagnose },
  isSilent: () => sources.isSilent(place.source),
};
const diagnostic = new Diagnostic(host.token, (mended) =>
  go({ query: place.view === "events" ? mended : filterOf(mended), isPaused: false }),
);
const box = new QueryBox(host.token, () => place.source);
const overview = new Overview(host);
const events = new QueryView(host);
const views: Readonly<Record<ViewName, View>> = {
  containers: new MetricsView("containers", "containers", () => CONTAINERS, host, openContainer),
  events,
  syscalls: new SyscallsView(host),
  timeline: new TimelineView(host),
  processes: new MetricsView("processes", "processes", () => PROCESSES, host, openProcess),
  losses: new LossesView(host, sources, () => overview.account),
  compare: new CompareView(host),
};
const SECTIONS: Readonly<Record<ViewName, string>> = {
  containers: "containers",
  events: "events-view",
  syscalls: "syscalls",
  timeline: "timeline",
  processes: "processes",
  losses: "losses-view",
  compare: "compare",
};
const hosts = new HostFilter((change) => go({ query: change(place.query) }));
const tour = new Tour(host);
const welcome = new Welcome(host, sources, () => tour.begin());
const exports_ = new ExportDialog(host.token);
let shown: { readonly name: ViewName; readonly scope: Scope } | undefined;
/** What the overview shows. */
let overviewOf: string | undefined;

async function start(): Promise<void> {
  const { token } = host;
  if (!token.isPossible) return ask("This cannot be a token.");
  const status = await sources.load(token);
  if (status === 401) return ask(token.isEmpty ? "" : "This is not the server's token.");
  if (status === 200) token.keep();
  const names = sources.all.map((one) => one.source);
  const all = names.length > 1 ? [new Option("all", "")] : [];
  source.replaceChildren(...all, ...names.map((name) => new Option(visible(name), name)));
  byId("sources").hidden = names.length < 2;
  showGrant();
  if (names.length > 1) source.value = place.source;
  // What was typed meanwhile stays.
  run();
  welcome.begin();
}

/** What the token does not show is not there: the page says that it is not. */
function showGrant(): void {
  const { hidden, tokenName, isOperator } = sources;
  const who = tokenName === "-" || isOperator ? [] : [`token ${visible(tokenName)}, read only`];
  const fields = hidden.length === 0 ? [] : [`hidden from it: ${hidden.map(visible).join(", ")}`];
  show("grant", [...who, ...fields].join("; "));
}

function ask(problem: string): void {
  shown?.name !== undefined && views[shown.name].stop();
  overview.stop();
  events.stop("needs a token");
  byId("access").hidden = false;
  byId("token").focus();
  show("error", problem);
}

/** A source may fail while no query of this page runs. */
async function watchSources(): Promise<void> {
  if (document.hidden || !byId("access").hidden) return;
  const hadSources = sources.all.length > 0;
  const status = await sources.refresh(host.token);
  if (status === 200 && !hadSources) await start();
  else if (status === 200) await learn();
  // A session that had ended is there again, by whatever query attached it.
  const isBack = sources.isLive(place.source) && !sources.isSilent(place.source);
  if (isBack && overview.isOver) overview.run(place.source, true, undefined);
  if (status === 401 && byId("access").hidden) ask("The server does not take this token any more.");
}

/** What was missing when the page was opened may be known now. Live queries go on: what they brought is not there twice. */
async function learn(): Promise<void> {
  if (!(await sources.learn(host.token)) || shown === undefined) return;
  const scope = scopeOf(place, sources);
  if (scope.isLive) {
    shown = { ...shown, scope };
    views[shown.name].learn?.(scope);
  } else {
    overviewOf = undefined;
    run();
  }
}

/** Shows what the address says. */
function restore(): void {
  place = placeOf(location.search);
  box.value = place.query;
  if (sources.all.length > 1) source.value = place.source;
  run();
}

function run(): void {
  const scope = scopeOf(place, sources);
  if (overviewOf !== place.source) overview.run(place.source, scope.isLive, scope.extent);
  overviewOf = place.source;
  const before = shown;
  shown = { name: place.view, scope };
  const isRange = before?.name === place.view && isOtherRangeOnly(before.scope, scope);
  if (!isRange && before !== undefined) views[before.name].stop();
  showView();
  if (isRange) views[place.view].rescope?.(scope);
  else views[place.view].run(scope);
  showPause();
  update();
}

/** Whether two scopes of live sources differ in their ranges, and in nothing else. */
function isOtherRangeOnly(before: Scope, { isLive, place }: Scope): boolean {
  const { range, other } = before.place;
  const isOther = range !== place.range || other !== place.other;
  const hasMoved = addressOf(before.place) !== addressOf({ ...place, range, other });
  return isLive && before.isLive && isOther && !hasMoved;
}

function showView(): void {
  for (const [name, id] of Object.entries(SECTIONS)) byId(id).hidden = name !== place.view;
  const isEvents = place.view === "events";
  for (const id of ["totals", "stop", "columns"]) byId(id).hidden = !isEvents;
  if (!isEvents)
    for (const id of ["losses", "kept", "note", "error", "fix"]) byId(id).hidden = true;
  for (const button of document.querySelectorAll<HTMLElement>("[data-view]"))
    if (button.dataset["view"] === place.view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  showCrumbs(place, go);
  overview.show(place);
}

/** Drawn some times a second, and not at all while the page is hidden. */
function update(): void {
  if (document.hidden) return;
  overview.update();
  hosts.add(overview.hosts);
  hosts.show(place);
  if (shown !== undefined) views[shown.name].update();
  const account = overview.account;
  const lost = (account?.lostEvents ?? 0) + (account?.lostPackets ?? 0);
  const button = byId("losses-button");
  const text = lost > 0 ? `Losses: ${count(lost)}` : "Losses";
  if (button.textContent !== text) button.textContent = text;
  welcome.update();
  const { trouble } = sources;
  const isMissing = account?.losses.some(isOfPage) === true;
  button.classList.toggle("bad", lost > 0 || isMissing || trouble !== "");
  if (byId("trouble").textContent !== trouble) show("trouble", trouble);
}

function openContainer([name = ""]: readonly string[], scope: Scope): void {
  go({ query: withTerm(scope.filter, containerTerm(name)), view: "processes", isPaused: false });
}

function openProcess([container = "", tid = ""]: readonly string[], scope: Scope): void {
  const { filter } = scope;
  const inContainer = container === NO_NAME ? filter : withTerm(filter, containerTerm(container));
  const query = withTerm(inContainer, `$ctx.tid == ${tid}`);
  go({ query, view: "events", isPaused: false });
}

/** Goes to another place, which the back button leaves. */
function go(changes: Partial<Place>): void {
  const isOther = changes.view !== undefined && changes.view !== place.view;
  place = { ...place, ...(isOther && { sort: "" }), chosen: "", ...changes };
  history.pushState(null, "", addressOf(place));
  welcome.close();
  restore();
}

/** Changes the place; what is shown is asked anew only where the range is another. */
function replace(changes: Partial<Place>): void {
  place = { ...place, ...changes };
  history.replaceState(null, "", addressOf(place));
  if ("range" in changes || "other" in changes) run();
}

function diagnose(error: QueryError | undefined, query: string): void {
  if (error === undefined) diagnostic.clear();
  else void diagnostic.show(error, query, place.source);
}

function pause(isPaused: boolean): void {
  replace({ isPaused });
  showPause();
}

function showPause(): void {
  const { isPaused } = place;
  if (shown !== undefined) views[shown.name].pause(isPaused);
  overview.pause(isPaused);
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Paused" : "Pause";
  byId("pause").classList.toggle("paused", isPaused);
}

function open(name: ViewName): void {
  if (name !== place.view) go({ view: name, isPaused: false });
}

function share(): void {
  if (shown === undefined) return;
  const names = sources.all.map((one) => one.source);
  exports_.open(views[shown.name], shown.scope, names);
}

byId("query").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("access").hidden) return byId("token").focus();
  const isFilter = !/\|>|^@/.test(box.value);
  const view =
    isFilter && place.view !== "losses" && place.view !== "compare" ? place.view : "events";
  go({ query: box.value, view, isPaused: false });
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>("token");
  host.token.set(field.value);
  field.value = "";
  byId("access").hidden = true;
  overviewOf = undefined;
  show("error", "");
  void start();
});
byId("stop").addEventListener("click", () => events.stop("stopped"));
byId("pause").addEventListener("click", () => pause(!place.isPaused));
byId("export-button").addEventListener("click", share);
byId("welcome-open").addEventListener("click", () => welcome.open());
source.addEventListener("change", () => go({ source: source.value }));
addEventListener("popstate", restore);
for (const button of document.querySelectorAll<HTMLElement>("[data-view]"))
  button.addEventListener("click", () => open(button.dataset["view"] as ViewName));
listenToKeys({
  write: () => box.focus(),
  pause: () => pause(!place.isPaused),
  view: open,
  up: () => {
    const above = placeAbove(place);
    if (above !== undefined) go(above);
  },
  share,
  other: (key) => shown !== undefined && views[shown.name].key?.(key) === true,
});
listenToTheme();
setInterval(update, UPDATE_MS);
setInterval(() => void watchSources(), WATCH_MS);
document.addEventListener("visibilitychange", () => void watchSources());
addEventListener("resize", () => {
  overview.show(place);
  if (shown !== undefined) views[shown.name].pause(place.isPaused);
});
box.value = place.query;
void start();
