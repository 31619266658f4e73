/** What people call options who know other tools, and what a command calls them here. */

import type { Command } from "commander";

/** By what is written: the options that may be meant, the first that the command has. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  "--filter": ["--where"],
  "--fields": ["--select"],
  "--columns": ["--select"],
  "--output-fields": ["--select"],
  "--port": ["--listen"],
  "--host": ["--listen"],
  "--bind": ["--listen"],
  "--address": ["--listen"],
  "--out": ["--to"],
  "--dir": ["--to"],
  "--directory": ["--to"],
  "--interval": ["--every", "--period"],
  "--delay": ["--every", "--period"],
  "--refresh": ["--every", "--period"],
  "--start": ["--begin"],
  "--stop": ["--end"],
  "--from-time": ["--begin"],
  "--threads": ["--workers"],
  "--jobs": ["--workers"],
  "--tls": ["--tls-cert"],
  "--cert": ["--tls-cert"],
  "--key": ["--tls-key"],
};

/** Adds to the error of an unknown option what it is called here. */
export function explainForeignOptions(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => write(explained(command, text)),
  });
}

function explained(command: Command, text: string): string {
  const flag = /^error: unknown option '(--[\w-]+)/.exec(text)?.[1];
  const known = MEANT[flag ?? ""]?.find((name) =>
    command.options.some(({ long }) => long === name),
  );
  if (known === undefined) return text;
  // Instead of what merely looks like it.
  return `${text.split("\n", 1)[0]}\n(here it is ${known})\n`;
}
