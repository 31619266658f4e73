/** Commands that show what sessions and traces hold: their options and help. */

import { Command, Option } from "commander";
import { textOrJson } from "./options.ts";
import { addFollowOption, addFormatAliases } from "./shared-options.ts";
import { clockOffsetOption } from "./times.ts";

export function ls(): Command {
  const command = new Command("ls")
    .description("List a relay daemon's sessions.")
    .argument("<url>", "net://HOST[:PORT]")
    .addOption(
      new Option("-f, --format <format>", "how to write them")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire ls net://localhost
  $ tracewire ls net://localhost:5344 --format json | jq -r '.[].url'`,
    )
    .action(async (url: string, options) => {
      const command = await import("./ls.ts");
      await command.ls(url, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}

export function info(): Command {
  const command = new Command("info")
    .description("Show what traces hold: streams, clocks, event classes, amounts and losses.")
    .argument(
      "<source...>",
      "trace directories, or live sessions, which are listened to for two seconds",
    )
    .option("--fields", "with the fields of every event class and their types")
    .option("--json", "everything, for programs")
    .addOption(clockOffsetOption())
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire info ./trace
  $ tracewire info ./trace --fields | less
  $ tracewire info ./trace --json | jq '.traces[].stream_classes[].event_classes[] | select(.events > 0) | .name'`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./info.ts");
      await command.info(sources, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}

export function containers(): Command {
  const command = new Command("containers")
    .description("List the containers of traces and their instances by time.")
    .argument("<source...>", "live sessions or trace directories")
    .option("--json", "as JSON")
    .addOption(clockOffsetOption());
  addFollowOption(command, undefined, "print container starts, names and exits as they happen")
    .addHelpText(
      "after",
      `
A container is a pid namespace with an init of its own, or what records name: events called
*lttng_statedump_container. Live sessions are listened to for three seconds.

Examples:
  $ tracewire containers ./trace
  $ tracewire containers ./trace --json | jq -r '.[] | select(.type == "docker") | .name'
  $ tracewire containers 'net://localhost/host/*/*' --follow`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./containers.ts");
      await command.containers(sources, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}
