/** The command line: runs the command that was asked for. `src/launch` starts it. */

import { guardTerminal } from "../terminal/guard.ts";
import { guardOutputs } from "./output.ts";
import { program } from "./program.ts";
import { report, reportAndExit } from "./report.ts";

guardOutputs(report);
// Node would open its debugger, to every user of the machine.
process.on("SIGUSR1", () => undefined);
guardTerminal(process.stdout);
guardTerminal(process.stderr);
const root = program();
if (process.argv.length <= 2) root.outputHelp();
else root.parseAsync(process.argv).catch((error: unknown) => reportAndExit(error));
