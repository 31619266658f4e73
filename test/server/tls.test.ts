/** TLS with client certificates: curl, a browser and pyarrow; other certificates while a stream goes on. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type RequestOptions, request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { chromium } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { tlsOptions } from "../../src/server/tls-files.ts";
import { Child } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { recordedTrace } from "../support/traces.ts";

const plainTest = suite("server/tls");
const test = needs(plainTest, ["openssl", "curl", "chromium", "python3:pyarrow"]);

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
}

/** A certificate of a name, signed by an authority of the folder, or by itself. */
function certificate(folder: string, name: string, subject: string, authority?: string): void {
  const file = (ending: string): string => join(folder, `${name}.${ending}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const signed =
    authority === undefined ? [] : ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`];
  const alt = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  openssl(
    ...["req", "-x509", ...key, ...signed, ...alt, "-days", "2"],
    ...["-keyout", file("key"), "-out", file("pem"), "-subj", `/CN=${subject}`],
  );
}

interface Lab {
  readonly server: RunningServer;
  readonly folder: string;
  readonly ca: string;
}

async function withTls(work: (lab: Lab) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-tls-"));
  const ca = join(folder, "ca");
  certificate(folder, "ca", "authority");
  certificate(folder, "server", "localhost", ca);
  certificate(folder, "client", "alice", ca);
  certificate(folder, "stranger", "mallory");
  const trace = await recordedTrace("small");
  const tls = {
    cert: join(folder, "server.pem"),
    key: join(folder, "server.key"),
    clientCa: `${ca}.pem`,
  };
  const server = await serve([trace.path], { port: 0, tls });
  try {
    await work({ server, folder, ca: `${ca}.pem` });
  } finally {
    await server.close();
    await trace.remove();
    rmSync(folder, { recursive: true });
  }
}

test("curl gets rows with a client certificate, and nothing without or with another", async () => {
  await withTls(async ({ server, folder, ca }) => {
    const url = `${server.url}/v1/query?format=csv&limit=3&select=event`;
    const curl = (...args: string[]): Child =>
      new Child("curl", ["-sS", "--cacert", ca, ...args, url]);
    const as = (name: string): string[] => [
      ...["--cert", join(folder, `${name}.pem`), "--key", join(folder, `${name}.key`)],
    ];
    const rows = await curl(...as("client")).output();
    assert.is(rows.trim().split("\n").length, 4);
    assert.is.not((await curl().end()).code, 0);
    assert.is.not((await curl(...as("stranger")).end()).code, 0);
    assert.is.not((await curl("--tls-max", "1.1", ...as("client")).end()).code, 0);
    const queries = new Child("curl", [
      "-sS",
      "--cacert",
      ca,
      ...as("client"),
      `${server.url}/v1/queries`,
    ]);
    assert.equal(JSON.parse(await queries.output()), { queries: [] });
  });
});

test("pyarrow reads a stream with a client certificate", async () => {
  await withTls(async ({ server, folder, ca }) => {
    const program = `
import ssl, sys, urllib.request, pyarrow.ipc as ipc
ca, cert, key, url = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
print(ipc.open_stream(urllib.request.urlopen(url, context=context)).read_all().num_rows)`;
    const files = [ca, join(folder, "client.pem"), join(folder, "client.key")];
    const url = `${server.url}/v1/query?limit=10`;
    assert.is((await new Child("python3", ["-c", program, ...files, url]).output()).trim(), "10");
  });
});

test("a browser shows the page and its rows with a client certificate", async () => {
  await withTls(async ({ server, folder }) => {
    const which = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
    const browser = await chromium.launch({
      executablePath: which.stdout.trim(),
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    });
    try {
      const origin = server.url.replace("127.0.0.1", "localhost");
      const certPath = join(folder, "client.pem");
      const keyPath = join(folder, "client.key");
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        clientCertificates: [{ origin, certPath, keyPath }],
      });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(`${origin}/?view=events`);
      await page.locator("#body [data-place]").first().waitFor();
      assert.ok((await page.locator("#body [data-place]").count()) > 0);
    } finally {
      await browser.close();
    }
  });
});

test("takes another certificate while a stream goes on", async () => {
  await withTls(async ({ server, folder, ca }) => {
    const own = {
      ca: readFileSync(ca),
      cert: readFileSync(join(folder, "client.pem")),
      key: readFileSync(join(folder, "client.key")),
    };
    const url = `${server.url.replace("https", "wss")}/v1/query`;
    const socket = new WebSocket(url, "tracewire.v1", own);
    const frames: { readonly type: string }[] = [];
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) frames.push(JSON.parse(data.toString()) as { type: string });
    });
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send(JSON.stringify({ select: ["timestamp"], credit: 0 }));
    while (frames.length < 2) await new Promise((resolve) => socket.once("message", resolve));
    const before = await fingerprint(server, own);
    certificate(folder, "server", "localhost", ca.replace(/\.pem$/, ""));
    server.reload();
    assert.is.not(await fingerprint(server, own), before);
    socket.send('{"credit": 1000}');
    await new Promise((resolve) => socket.on("close", resolve));
    assert.is(frames.at(-1)?.type, "end");
  });
});

test("refuses files that would leave it without a certificate, or trust every authority", async () => {
  await withTls(async ({ server, folder }) => {
    const good = (name: string): string => join(folder, name);
    const cert = good("server.pem");
    const key = good("server.key");
    const empty = good("empty.pem");
    writeFileSync(empty, "");
    const wrong = [
      [{ cert: empty, key }, /empty.pem: expected certificates in PEM, got a file without/],
      [{ cert, key: empty }, /empty.pem: expected a private key/],
      [{ cert, key: good("client.key") }, /client.key: expected the key of the certificate/],
      [{ cert, key, clientCa: empty }, /empty.pem: expected certificates in PEM/],
      [{ cert, key, clientCa: key }, /server.key: expected certificates in PEM/],
    ] as const;
    for (const [tls, problem] of wrong) assert.throws(() => tlsOptions(tls), problem);
    // While it runs: of the authorities, too, which Node would replace by all that browsers know.
    for (const name of ["ca.pem", "server.pem", "server.key"]) {
      const text = readFileSync(good(name));
      writeFileSync(good(name), "");
      assert.throws(() => server.reload(), /BAD_TLS|TLS: /);
      writeFileSync(good(name), text);
    }
    server.reload();
  });
});

test("counts connections that never greet", async () => {
  await withTls(async ({ server, folder, ca }) => {
    const own = {
      ca: readFileSync(ca),
      cert: readFileSync(join(folder, "client.pem")),
      key: readFileSync(join(folder, "client.key")),
    };
    server.reload({ limits: { maxConnections: 20 } });
    const silent = Array.from({ length: 60 }, () => connect(server.port, "127.0.0.1"));
    let refused = 0;
    for (const socket of silent) {
      socket.on("error", () => undefined);
      // What has not been read keeps a socket from its end.
      socket.resume().on("close", () => refused++);
    }
    while (refused < 40) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.is(refused, 40);
    for (const socket of silent) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Each takes a place and gives it back.
    for (let i = 0; i < 30; i++) assert.is((await fingerprint(server, own)).length, 95);
  });
});

function fingerprint({ url }: RunningServer, own: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/healthz`, { ...own, agent: false }, (response) => {
      const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      response.on("end", () => resolve(fingerprint256));
    });
    asked.on("error", reject);
    asked.end();
  });
}

plainTest.run();
