/** The files of deploy/: what they say is there, and units that give away little. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configuredOptions } from "../../src/cli/serve-config.ts";
import { readTokens } from "../../src/server/token-file.ts";
import { get, withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { PROJECT } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const plainTest = suite("cli/deploy");
const analyzed = needs(plainTest, ["systemd-analyze"]);
const file = (name: string): string => join(PROJECT, "deploy", name);
const text = (name: string): string => readFileSync(file(name), "utf8");

/** Long options in a text. */
function optionsIn(words: string): string[] {
  return [...words.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name!);
}

plainTest("units start commands with options that there are", async () => {
  for (const command of ["serve", "statedump"]) {
    const line = /^ExecStart=(.*)$/m.exec(text(`tracewire-${command}.service`))![1]!;
    const help = await tracewire(command, "--help").output();
    assert.ok(line.startsWith(`/usr/bin/tracewire ${command} `));
    for (const option of optionsIn(line)) assert.ok(help.includes(`--${option}`), option);
  }
});

plainTest("the configuration and the tokens are what serve reads", () => {
  assert.ok(configuredOptions(file("serve.conf")).size > 5);
  readTokens(file("tokens.json"));
});

plainTest("alerts and dashboard ask for metrics that there are", async () => {
  await withRecorded(async (server) => {
    const metrics = (await get(server, "/metrics")).body.toString();
    const names = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
    const asked = [text("alerts.yml"), text("grafana.json")].flatMap((one) => [
      ...(one.match(/\b(tracewire|process)_[a-z0-9_]+/g) ?? []),
    ]);
    assert.ok(asked.length > 20);
    assert.equal(
      asked.filter((name) => !names.has(name)),
      [],
    );
  });
});

analyzed("units are exposed less than 2.5 of 10", () => {
  for (const command of ["serve", "statedump"]) {
    const unit = file(`tracewire-${command}.service`);
    const { stdout } = spawnSync("systemd-analyze", ["security", "--offline=true", unit], {
      encoding: "utf8",
    });
    const level = Number(/exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
    assert.ok(level < 2.5, `${command}: ${level}`);
  }
});

plainTest.run();
