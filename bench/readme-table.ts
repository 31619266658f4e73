/**
 * Writes the figures of a results file into README.md, between the marks `<!-- bench -->` and `<!-- /bench -->`.
 *
 * `node build/bench/readme-table.js [RESULTS]`; without RESULTS, those of this version.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../test/support/traces.ts";
import type { CompileResult, Input, ProcessResult, RateResult, Results } from "./results.ts";

const BEGIN = "<!-- bench -->";
const END = "<!-- /bench -->";

function main(): void {
  const { version } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
    version: string;
  };
  const file = process.argv[2] ?? join(PROJECT, "bench/results", `${version}.json`);
  const results = JSON.parse(readFileSync(file, "utf8")) as Results;
  const readme = join(PROJECT, "README.md");
  const text = readFileSync(readme, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin)
    throw new Error(`README.md: expected the marks ${BEGIN} and ${END}`);
  const figures = figuresOf(results);
  writeFileSync(readme, `${text.slice(0, begin + BEGIN.length)}\n${figures}\n${text.slice(end)}`);
}

function figuresOf({ machine, inputs, processes, rates, compile }: Results): string {
  const { date, cpu, node, babeltrace2, rounds } = machine;
  return [
    `${date}, ${cpu}, Node ${node}, ${babeltrace2 ?? "no babeltrace2"}; ${rounds} rounds on a shared, noisy machine (load average`,
    `${machine.load.map((load) => load.toFixed(1)).join(" to ")}): the ratios say more than the times.`,
    "",
    ...inputs.flatMap((input) => [
      describeInput(input),
      "",
      ...processTable(processes.filter(({ trace }) => trace === input.name)),
      ...otherTable(processes.filter(({ trace }) => trace === input.name)),
      "",
    ]),
    "The scan alone, packets in memory, one thread, million events a second:",
    "",
    ...rateTable(rates),
    "",
    ...compile.map(describeCompile),
  ].join("\n");
}

function describeInput({ name, events, bytes, where, rows }: Input): string {
  const share = Math.round((100 * rows) / events);
  return `**${name}**: ${grouped(events)} events, ${Math.round(bytes / 1e6)} MB; the filter \`${where}\` keeps ${share} %.`;
}

function processTable(results: readonly ProcessResult[]): string[] {
  return [
    "| whole process | tracewire | peak memory | babeltrace2 | ratio | by processor time | interpreter |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...results.map(({ case: name, ms, cpuMs, peakMiB, rivals }) => {
      const theirs = rivals.find((rival) => /^babeltrace2 (dummy|text)$/.test(rival.name));
      const interpreter = rivals.find((rival) => rival.name === "interpreter");
      return row([
        name,
        seconds(ms.median),
        peakMiB === undefined ? "" : `${peakMiB} MiB`,
        theirs === undefined ? "" : `${seconds(theirs.ms.median)} (${theirs.name.slice(12)})`,
        theirs === undefined ? "" : `**${theirs.ratio.toFixed(1)}×**`,
        theirs?.cpuMs === undefined || cpuMs === undefined
          ? ""
          : `${(theirs.cpuMs.median / cpuMs.median).toFixed(1)}×`,
        interpreter === undefined ? "" : seconds(interpreter.ms.median),
      ]);
    }),
  ];
}

/** What one would run instead, where that is not babeltrace2 alone. */
function otherTable(results: readonly ProcessResult[]): string[] {
  const rows = results.flatMap(({ case: name, ms, rivals }) =>
    rivals
      .filter((rival) => !/^(babeltrace2 (dummy|text)$|interpreter)/.test(rival.name))
      .map((rival) =>
        row([
          name,
          seconds(ms.median),
          rival.name,
          seconds(rival.ms.median),
          `**${rival.ratio.toFixed(1)}×**`,
        ]),
      ),
  );
  if (rows.length === 0) return [];
  const head = [
    "",
    "| the same otherwise | tracewire | by | time | ratio |",
    "|---|---:|---|---:|---:|",
  ];
  return [...head, ...rows];
}

function rateTable(rates: readonly RateResult[]): string[] {
  return [
    "| trace | query | kernel | interpreter |",
    "|---|---|---:|---:|",
    ...rates.map(({ trace, query, kernel, interpreter }) =>
      row([trace, query, kernel.median.toFixed(0), interpreter.median.toFixed(1)]),
    ),
  ];
}

function describeCompile(result: CompileResult): string {
  const { classes, functions, compile, firstPacketCpu, nextCompile } = result;
  const next =
    nextCompile === undefined ? "" : `; for its next query ${nextCompile.median.toFixed(1)} ms`;
  return `Compiling ${classes} event classes (${functions} functions) with a filter and 7 columns, in a fresh process: ${compile.median.toFixed(1)} ms (${compile.min.toFixed(1)}–${compile.max.toFixed(1)}), ${firstPacketCpu.median.toFixed(1)} ms of processor time${next}.`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
}

main();
