/** Counters of the running query: rows and their rate, and what was lost. */

import { byId, count, make, show, visible } from "./dom.ts";
import type { Frame, StreamLosses } from "./frames.ts";

const LOSSES = ["lost_events", "lost_packets", "late", "unnamed_rows", "dropped"] as const;
const KEPT_NOTES = 4;
const RATE_MS = 2000;

/** Figures are taken as they come, and painted by `update`, together with the rows that they count. */
export class Totals {
  #rows = 0;
  #losses = new Map<string, number>();
  /** Of the query before it began again. */
  #lossesBefore: ReadonlyMap<string, number> = new Map();
  #streamsBefore: readonly StreamLosses[] = [];
  #streams: readonly StreamLosses[] = [];
  #samples: { readonly now: number; readonly rows: number }[] = [];
  #notes: readonly string[] = [];
  /** Whether losses or notes are other than shown. */
  #isStale = true;

  reset(): void {
    this.#rows = 0;
    this.#samples = [];
    this.#notes = [];
    this.#losses.clear();
    this.#lossesBefore = new Map();
    this.#streams = [];
    this.#streamsBefore = [];
    this.#isStale = true;
  }

  /** The query begins again, and counts its losses from nothing. */
  restart(note: string): void {
    this.#lossesBefore = new Map(this.#losses);
    this.#streamsBefore = this.#streams;
    this.#note(note);
    this.#isStale = true;
  }

  get rows(): number {
    return this.#rows;
  }

  addRows(rows: number): void {
    this.#rows += rows;
  }

  take(frame: Frame): void {
    for (const id of LOSSES) {
      const value = frame[id];
      if (typeof value === "number")
        this.#losses.set(id, value + (this.#lossesBefore.get(id) ?? 0));
    }
    if (frame.streams !== undefined) this.#streams = summed(this.#streamsBefore, frame.streams);
    if (frame.type === "note") this.#note(frame.text ?? "");
    if (frame.type === "loss") this.#note(frame.message ?? "");
    this.#isStale = true;
  }

  update(): void {
    const now = performance.now();
    const samples = this.#samples;
    samples.push({ now, rows: this.#rows });
    while (samples.length > 2 && now - samples[0]!.now > RATE_MS) samples.shift();
    const first = samples[0]!;
    const seconds = (now - first.now) / 1000;
    const rate = seconds > 0 ? Math.round((this.#rows - first.rows) / seconds) : 0;
    byId("rate").textContent = count(rate);
    byId("rows").textContent = count(this.#rows);
    if (!this.#isStale) return;
    this.#isStale = false;
    for (const id of LOSSES) setLoss(id, this.#losses.get(id) ?? 0);
    showStreams(this.#streams);
    show("note", this.#notes.join("\n"));
  }

  /** The last notes, a line each: one of them may be about a name, another about a loss. */
  #note(text: string): void {
    const line = visible(text);
    this.#notes = [...this.#notes.filter((one) => one !== line), line].slice(-KEPT_NOTES);
  }
}

/** Of both, by stream. */
function summed(
  before: readonly StreamLosses[],
  now: readonly StreamLosses[],
): readonly StreamLosses[] {
  const all = new Map(before.map((one) => [one.stream, one]));
  for (const one of now) {
    const { lost_events = 0, lost_packets = 0 } = all.get(one.stream) ?? {};
    all.set(one.stream, {
      stream: one.stream,
      lost_events: lost_events + one.lost_events,
      lost_packets: lost_packets + one.lost_packets,
    });
  }
  return [...all.values()];
}

function setLoss(id: string, value: number): void {
  byId(id).textContent = count(value);
  byId(id).className = value > 0 ? "bad" : "";
}

/** What each stream lost; no list where none did. */
function showStreams(streams: readonly StreamLosses[]): void {
  const list = byId("losses");
  list.hidden = streams.length === 0;
  byId("losses-list").replaceChildren(
    ...streams.map(({ stream, lost_events, lost_packets }) =>
      make(
        "li",
        {},
        `${visible(stream)}: ${count(lost_events)} events, ${count(lost_packets)} packets`,
      ),
    ),
  );
}
