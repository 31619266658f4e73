#!/usr/bin/env node
/** The program `tracewire`: its commands, started warm. */

import { runParts } from "./parts.ts";

/** The exit status of a command line that is wrong: what was typed there is the name of no command. */
const WRONG_USAGE = 2;

const [, , command = ""] = process.argv;
const keep = runParts("cli", /^[a-z]+$/.test(command) ? command : "main");
process.on("exit", (status) => {
  if (status !== WRONG_USAGE) keep();
});
