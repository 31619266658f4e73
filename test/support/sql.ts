/** DuckDB as an oracle: SQL over rows of ours. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROJECT } from "./traces.ts";

export type SqlValue = number | string | null | readonly SqlValue[];

export class Duckdb {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";

  /** @param file an Arrow stream: the table `rows` */
  constructor(file: string) {
    const script = join(PROJECT, "test/support/answer_sql.py");
    this.#child = spawn("python3", [script, file], { stdio: "pipe" });
    this.#child.stderr.on("data", (text) => {
      this.#stderr += String(text);
    });
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async rows(sql: string): Promise<SqlValue[][]> {
    this.#child.stdin.write(`${sql.replaceAll("\n", " ")}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`DuckDB ended: ${sql}\n${this.#stderr}`);
    return JSON.parse(value) as SqlValue[][];
  }

  stop(): void {
    this.#child.stdin.end();
  }
}
