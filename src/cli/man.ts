/** The manual page, made from the commands and their help. */

import type { Command } from "commander";
import { commandsOf, optionsOf } from "./completion.ts";
import { VERSION } from "./version.ts";

/** A page for `man`, in the macros of man(7). */
export function manualPage(root: Command): string {
  const commands = commandsOf(root);
  return [
    `.TH TRACEWIRE 1 "" "tracewire ${VERSION}" "User Commands"`,
    ".SH NAME",
    `tracewire \\- ${escaped(root.description().replace(/^A /, "a ").replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ...commands.flatMap((command) => [
      ".B tracewire",
      `${escaped(`${command.name()} ${command.usage()}`)}`,
      ".br",
    ]),
    ".SH DESCRIPTION",
    "A source is a live session, net://HOST[:PORT]/host/TARGET/SESSION, or the directory of a recorded trace.",
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([status, meaning]) => [".TP", `.B ${status}`, escaped(meaning)]),
    ".SH SEE ALSO",
    "babeltrace2(1), lttng(1), lttng-relayd(8), lttng-live(7)",
    "",
  ].join("\n");
}

/** What scripts can rely on; `ExitCode` has the numbers. */
export const EXIT_STATUS: readonly (readonly [number, string])[] = [
  [0, "Everything was read."],
  [1, "An error ended the command."],
  [2, "The command line is wrong."],
  [3, "Everything that could be read was, but data was damaged or lost on the way."],
];

function section(command: Command): string[] {
  return [
    `.SS ${escaped(`${command.name()} ${command.usage()}`)}`,
    escaped(command.description()),
    ...optionsOf(command).flatMap((option) => [
      ".TP",
      `.B ${escaped(option.flags)}`,
      escaped(command.createHelp().optionDescription(option)),
    ]),
    ...verbatim(examplesOf(command)),
  ];
}

/** What stands behind a command's options in its help. */
function examplesOf(command: Command): string {
  let text = "";
  const end = "\n\n";
  command.configureOutput({ writeOut: (written) => (text += written) });
  command.outputHelp();
  const at = text.indexOf(end, text.indexOf("\nOptions:") + 1);
  return at === -1 ? "" : text.slice(at + end.length).trimEnd();
}

function verbatim(text: string): string[] {
  return text === "" ? [] : [".PP", ".nf", ...text.split("\n").map(escaped), ".fi"];
}

/** Text of which troff takes no character for a request. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("\n", " ")
    .replace(/^(?=[.'])/, "\\&");
}
