/** Commands that serve: their options and help. */

import { Command, Option } from "commander";
import { address, speed } from "./options.ts";
import { addServeOptions } from "./serve-options.ts";
import {
  addFollowOption,
  fromOption,
  listenOption,
  reconnectOption,
  tokenOption,
  waitOption,
} from "./shared-options.ts";

export function serve(): Command {
  const command = new Command("serve")
    .description("Serve queries over HTTP and WebSocket, as Arrow, Parquet, NDJSON or CSV.")
    .argument("<source...>", "live sessions, trace directories, or Arrow and Parquet files");
  return addFollowOption(addServeOptions(command))
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire serve net://localhost/host/web1/auto-20261122
  $ tracewire serve 'net://localhost/host/*/*' --containers auto
  $ tracewire serve ~/lttng-traces/auto-20261122-101500 --follow
  $ tracewire serve ./trace --listen unix:/run/tracewire/sock --socket-mode 0660
  $ tracewire serve ./trace --listen 0.0.0.0:7447 --token-file tokens.json --tls-cert cert.pem --tls-key key.pem
  $ curl -N -H 'Accept: application/x-ndjson' 'http://127.0.0.1:7447/v1/query?events=sched_switch&limit=5'
  $ python3 -c 'import pyarrow.ipc as ipc, urllib.request as u
    print(ipc.open_stream(u.urlopen("http://127.0.0.1:7447/v1/query?limit=10")).read_all())'

As root, on loopback and without a token, a token is made and printed in the link; --no-token asks for none.`,
    )
    .action(async (sources: string[], _options, own: Command) => {
      const run = await import("./serve.ts");
      await run.serve(sources, own);
    });
}

export function view(): Command {
  const command = new Command("view")
    .description("Open live sessions or recorded traces as a page in the browser.")
    .argument("<source...>", "live sessions or trace directories")
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
    .option("--no-open", "print the link only");
  return addFollowOption(command)
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire view ./trace
  $ tracewire view net://localhost/host/web1/auto-20261122
  $ tracewire view 'net://localhost/host/*/*' --wait

The page is served on a free port of this machine, for whoever has its link, until Ctrl-C.`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./view.ts");
      await command.view(sources, options);
    });
}

export function replay(): Command {
  return new Command("replay")
    .description("Serve recorded traces over the live protocol, as a relay daemon would.")
    .argument("<directory...>", "trace directories")
    .addOption(listenOption("127.0.0.1:5344"))
    .option(
      "--speed <factor>",
      "1 is its own pace; 10 is ten times faster; max does not wait",
      speed,
      1,
    )
    .option("--loop", "begin again after the end, with clocks that go on")
    .option("--now", "move times, so that the first event happens when a viewer attaches")
    .option("--session <name>", "session name (default: the trace's own)")
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire replay ./trace --speed max
  $ babeltrace2 --input-format=lttng-live net://127.0.0.1:5344
  $ tracewire replay ./trace --loop --now --listen :6000`,
    )
    .action(async (directories: string[], options) => {
      const command = await import("./replay.ts");
      await command.replay(directories, options);
    });
}

export function demo(): Command {
  return new Command("demo")
    .description(
      "Replay a recorded session with six containers, and serve queries on it. Needs no LTTng.",
    )
    .addOption(listenOption("127.0.0.1:7447"))
    .addOption(
      new Option("--relay <address>", "HOST:PORT of the live session, another one if it is taken")
        .argParser(address)
        .default(address("127.0.0.1:5344"), "127.0.0.1:5344"),
    )
    .addOption(tokenOption())
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire demo
  $ tracewire demo --listen :8080`,
    )
    .action(async (options) => {
      const command = await import("./demo.ts");
      await command.demo(options);
    });
}
