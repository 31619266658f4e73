#!/usr/bin/env node
import module from "node:module";
import { guardOutputs } from "./output.ts";
import { program } from "./program.ts";
import { report, reportAndExit } from "./report.ts";

// From Node 22.1 on: what a command loads was compiled by the run before.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

guardOutputs(report);
const root = program();
if (process.argv.length <= 2) root.outputHelp();
else root.parseAsync(process.argv).catch((error: unknown) => reportAndExit(error));
