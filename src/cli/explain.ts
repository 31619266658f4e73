import { globMatches } from "../base/glob.ts";
import type { TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../engine/environments.ts";
import { openFeed } from "../engine/feed.ts";
import { compileFilter } from "../filter/compile.ts";
import { explainLinked, explain as explainProgram } from "../filter/explain.ts";
import { link } from "../filter/link.ts";
import { unknownSymbols } from "../filter/symbols.ts";
import { warn } from "./report.ts";

/** How long a live session may take to tell its event classes. */
const METADATA_TIMEOUT = 5000;

/** `tracewire explain`: what a filter means, and what becomes of it for each kind of event class. */
export async function explain(
  source: string,
  expression: string,
  options: { readonly event: readonly string[] },
): Promise<void> {
  const program = compileFilter(expression);
  const { expression: canonical, tree, code, remarks } = explainProgram(program);
  const sections = [
    section("Filter", canonical),
    section("Syntax tree", tree),
    section("Bytecode", code),
  ];
  const traceClasses = await traceClassesOf(source);
  const environments = [...linkEnvironments(traceClasses)];
  for (const { symbol, nearest } of unknownSymbols(program, environments)) {
    warn(
      `no event class has ${symbol}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    );
  }
  const byForm = new Map<string, string[]>();
  for (const environment of environments) {
    const { name } = environment.eventClass;
    const isWanted =
      options.event.length === 0 || options.event.some((glob) => globMatches(glob, name));
    if (!isWanted) continue;
    const form = explainLinked(link(program, environment)).replaceAll(` in ${name}`, "");
    const names = byForm.get(form) ?? [];
    names.push(name);
    byForm.set(form, names);
  }
  for (const [form, names] of byForm) {
    sections.push(
      section(
        `Linked for ${names.length} event class${names.length === 1 ? "" : "es"}: ${some(names)}`,
        form,
      ),
    );
  }
  const lttng =
    remarks.map(({ message }) => message).join("\n") || "accepts it: lttng enable-event --filter";
  sections.push(section("LTTng", lttng));
  process.stdout.write(sections.join("\n"));
}

function section(title: string, body: string): string {
  return `${title}\n${body.trimEnd().replaceAll(/^/gm, "  ")}\n`;
}

function some(names: readonly string[]): string {
  const shown = [...new Set(names)].slice(0, 6).join(", ");
  return names.length > 6 ? `${shown} …` : shown;
}

/** The trace classes of a source, as far as they are known before its first packet. */
function traceClassesOf(source: string): Promise<TraceClass[]> {
  const feed = openFeed([source], { from: "now" });
  const classes = new Map<TraceOrigin, TraceClass>();
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      resolve([...classes.values()]);
    };
    const timer = setTimeout(done, METADATA_TIMEOUT);
    const subscription = feed.share().items.subscribe({
      next: (item) => {
        if (item.kind === "trace-class") classes.set(item.trace, item.traceClass);
        // By the first packet, the metadata of all traces that were there at attach have come.
        else if (item.kind === "packet" && classes.size > 0) queueMicrotask(done);
      },
      error: (error) => {
        clearTimeout(timer);
        reject(error);
      },
      complete: done,
    });
  });
}
