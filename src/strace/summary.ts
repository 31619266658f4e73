/** `strace -c`: calls, errors and time of each system call. */

import type { TracedCall } from "./tracer.ts";

interface Sum {
  calls: number;
  errors: number;
  ns: bigint;
}

export class CallSummary {
  readonly #sums = new Map<string, Sum>();

  add({ name, isFailed, ns }: TracedCall): void {
    let sum = this.#sums.get(name);
    if (sum === undefined) {
      sum = { calls: 0, errors: 0, ns: 0n };
      this.#sums.set(name, sum);
    }
    sum.calls++;
    if (isFailed) sum.errors++;
    sum.ns += ns ?? 0n;
  }

  /** In strace's table; most time first. */
  toString(): string {
    const rows = [...this.#sums].sort(([a, x], [b, y]) =>
      x.ns === y.ns ? (a < b ? -1 : 1) : x.ns > y.ns ? -1 : 1,
    );
    const total: Sum = { calls: 0, errors: 0, ns: 0n };
    for (const [, { calls, errors, ns }] of rows) {
      total.calls += calls;
      total.errors += errors;
      total.ns += ns;
    }
    const line = (name: string, { calls, errors, ns }: Sum): string => {
      const share = total.ns === 0n ? 0 : (Number(ns) * 100) / Number(total.ns);
      const seconds = (Number(ns) / 1e9).toFixed(6);
      const each = calls === 0 ? 0 : Math.floor(Number(ns) / 1000 / calls);
      const cells = [share.toFixed(2).padStart(6), seconds.padStart(11), String(each).padStart(11)];
      return [
        ...cells,
        String(calls).padStart(9),
        (errors === 0 ? "" : String(errors)).padStart(9),
        name,
      ].join(" ");
    };
    const rule = "------ ----------- ----------- --------- --------- ----------------";
    return `${[
      "% time     seconds  usecs/call     calls    errors syscall",
      rule,
      ...rows.map(([name, sum]) => line(name, sum)),
      rule,
      line("total", total),
    ].join("\n")}\n`;
  }
}
