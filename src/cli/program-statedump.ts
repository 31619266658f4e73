/** `tracewire statedump`: its options and help. */

import { Command, Option } from "commander";
import { duration } from "./options.ts";
import { addRuntimeOptions } from "./shared-options.ts";

export function statedump(): Command {
  const command = new Command("statedump")
    .description("Record this machine's containers, in its user-space traces or on stdout.")
    .option("--print", "JSON lines on stdout instead of events in traces")
    .option("--once", "one round, instead of until Ctrl-C")
    .addOption(
      new Option("--period <time>", "how often every record is repeated")
        .argParser(duration)
        .default(2000, "2s"),
    )
    .option(
      "--provider <program>",
      "the tracepoint provider (default: where make -C statedump puts it)",
    );
  return addRuntimeOptions(command)
    .addHelpText(
      "after",
      `
Runs on the traced machine, where the session daemon runs. Asks Docker, Podman, containerd, Kubernetes' runtimes (through
crictl), LXD, Incus, LXC and systemd-machined for their containers, and emits a record for each,
ust_container_statedump:lttng_statedump_container: every period, and at once when one starts, changes or ends. Build the
tracepoint provider first: make -C statedump.

Trust: a socket names any process if only root, or the user who runs statedump, controls it and every directory above it. If
one other user does, as with /run/user/UID/podman/podman.sock, it names processes in user, pid and mount namespaces of that
user only (/etc/subuid), with the lowest priority. --only-named with the options above is an allow-list.

Without root it needs:
  CAP_SYS_PTRACE           to read the namespaces of other users' processes (/proc/PID/ns)
  write access to sockets  as by group docker for Docker's, whose members can become root
  root                     only for LXC and for Podman without its service
  $ setpriv --reuid tracewire --regid tracewire --groups docker --inh-caps +sys_ptrace --ambient-caps +sys_ptrace \\
      tracewire statedump --only-named --docker /run/docker.sock

Examples:
  $ tracewire statedump --print --once
  $ lttng enable-event --userspace 'ust_container_statedump:*' && tracewire statedump
  $ tracewire statedump --docker /run/other/docker.sock --lxc /srv/lxc --only-named`,
    )
    .action(async (options) => {
      const { statedump } = await import("./statedump.ts");
      await statedump(options);
    });
}
