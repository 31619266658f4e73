/** The commands and their help. What a command does is loaded when it runs, so that `--help` is quick. */

import { Argument, Command, CommanderError, Option } from "commander";
import { MI_VERSION } from "../analyses/lami-version.ts";
import type { Shell } from "./completion.ts";
import { explainForeignOptions } from "./foreign-options.ts";
import { enable, ps, watch } from "./program-alerts.ts";
import { analyze, strace, top } from "./program-analyses.ts";
import { explain, queries, query, tail } from "./program-queries.ts";
import { convert, cut, record } from "./program-record.ts";
import { demo, replay, serve, view } from "./program-servers.ts";
import { statedump } from "./program-statedump.ts";
import { containers, info, ls } from "./program-traces.ts";
import { VERSION } from "./version.ts";

export function program(): Command {
  const root = new Command("tracewire")
    .description("A streaming query engine over live LTTng traces.")
    .version(VERSION)
    .addOption(new Option("--mi-version").hideHelp())
    .on("option:mi-version", () => {
      process.stdout.write(`${MI_VERSION}\n`);
      throw new CommanderError(0, "commander.version", MI_VERSION);
    })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Try it without LTTng:
  $ tracewire demo

A SOURCE is a live session, net://HOST[:PORT]/host/TARGET/SESSION (TARGET and SESSION may be globs),
or the directory of a recorded trace; with --follow, of one that is being written. Every command explains itself: tracewire tail --help

Exit status: 0 when everything was read, 1 after an error, 2 for a wrong command line, 3 when data was damaged or lost.`,
    );
  for (const command of [
    tail(),
    query(),
    queries(),
    record(),
    cut(),
    convert(),
    top(),
    analyze(),
    strace(),
    ps(),
    watch(),
    enable(),
    ls(),
    info(),
    serve(),
    view(),
    replay(),
    demo(),
    explain(),
    containers(),
    statedump(),
    completion(root),
    man(root),
  ]) {
    root.addCommand(command.copyInheritedSettings(root).exitOverride());
    explainForeignOptions(command);
  }
  return root;
}

function completion(root: Command): Command {
  return new Command("completion")
    .description("Print a script that completes commands and options in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  $ source <(tracewire completion bash)
  $ tracewire completion zsh > "\${fpath[1]}/_tracewire"
  $ tracewire completion fish > ~/.config/fish/completions/tracewire.fish`,
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./completion.ts");
      process.stdout.write(completionScript(root, shell));
    });
}

function man(root: Command): Command {
  return new Command("man")
    .description("Print the manual page.")
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire man | man -l -
  $ tracewire man > ~/.local/share/man/man1/tracewire.1`,
    )
    .action(async () => {
      const { manualPage } = await import("./man.ts");
      process.stdout.write(manualPage(root));
    });
}
