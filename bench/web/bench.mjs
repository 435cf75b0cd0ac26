#!/usr/bin/env node
// Verge's WebAssembly runtime beside onnxruntime-web and tfjs-backend-wasm: one thread, interleaved rounds in one process, in Node or in headless Chromium.
//
//   npm install --prefix PEERS onnxruntime-web @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
//   node bench/web/bench.mjs --peers PEERS [--browser] [--rounds N] [--json FILE] MODEL.onnx[,PEER_MODEL.onnx...] ...
//
// Where peer models are given, onnxruntime-web runs those and counts with the fastest.
// The ratio is the fastest peer's least time over Verge's, so above 1 Verge is faster. Needs build/release/verge, build/wasm/npm and a quiet machine.
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { peers: { type: "string" }, rounds: { type: "string", default: "30" }, json: { type: "string" }, browser: { type: "boolean" }, verge: { type: "string", default: join(ROOT, "build/release/verge") } },
});
if (!options.peers || positionals.length === 0) {
  console.error(readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n").slice(1, 9).map((l) => l.replace(/^\/\/ ?/, "")).join("\n"));
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "verge-web-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const modules = join(resolve(options.peers), "node_modules");

function prepare(argument) {
  const [own, ...peers] = argument.split(",").map((path) => resolve(path));
  const name = basename(own, ".onnx"), vpk = join(work, name + ".vpk");
  execFileSync(options.verge, ["convert", own, "-o", vpk], { stdio: "ignore" });
  return { name, vpk, onnx: peers.length ? peers : [own] };
}

async function inNode(models) {
  const { measureAll } = await import("./page.mjs");
  const load = async (path) => new Uint8Array(readFileSync(path));
  const at = (path) => pathToFileURL(join(modules, path)).href;
  const verge = await import(pathToFileURL(join(ROOT, "build/wasm/npm/index.mjs")));
  const ort = await import(at("onnxruntime-web/dist/ort.node.min.mjs"));
  const { createRequire } = await import("node:module");
  const require = createRequire(join(modules, "x.js"));
  const tf = require("@tensorflow/tfjs"), backend = require("@tensorflow/tfjs-backend-wasm");
  backend.setWasmPaths(join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));
  return measureAll(models, Number(options.rounds), load, { verge, ort, tf }, (row) => print(row));
}

// Serves this repository under /root, the peers under /modules and the models, and takes the page's rows back.
function inBrowser(models) {
  const folders = { root: ROOT, modules, work };
  const types = { ".mjs": "text/javascript", ".js": "text/javascript", ".html": "text/html", ".wasm": "application/wasm" };
  const served = models.map((m, i) => ({ name: m.name, vpk: `/model/${i}/vpk`, onnx: m.onnx.map((_, k) => `/model/${i}/onnx/${k}`) }));
  return new Promise((done, failed) => {
    const rows = [];
    let chromium;
    const server = createServer((request, response) => {
      const [, first, ...rest] = request.url.split("?")[0].split("/");
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");  // a clock of 5 us instead of 100
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      if (request.method === "POST") {
        let body = "";
        request.on("data", (part) => (body += part)).on("end", () => {
          response.end();
          const row = JSON.parse(body);
          if (first === "row") return rows.push(row), print(row);
          chromium.kill();
          server.close();
          return first === "done" ? done(rows) : failed(new Error(row));
        });
        return;
      }
      try {
        if (first === "jobs") return response.end(JSON.stringify({ models: served, rounds: Number(options.rounds) }));
        const path = first === "model" ? [models[rest[0]][rest[1]]].flat()[rest[2] ?? 0] : join(folders[first], ...rest);
        response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
        response.end(readFileSync(path));
      } catch (error) {
        response.statusCode = 404;
        response.end(String(error));
      }
    });
    server.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${server.address().port}/root/bench/web/page.html`;
      chromium = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-renderer-backgrounding", "--disable-background-timer-throttling", `--user-data-dir=${work}/profile`, url], { stdio: "ignore" });
      chromium.on("exit", () => server.close());
    });
  });
}

const least = (times) => Math.min(...times);
const rows = [];
function print({ name, times }) {
  const peers = Object.entries(times).filter(([engine]) => engine !== "verge");
  const ratio = Math.min(...peers.map(([, t]) => least(t))) / least(times.verge);
  rows.push({ name, times, ratio });
  const cell = (t) => (t ? least(t).toPrecision(4) : "-");
  console.log(`| ${name} | ${cell(times.verge)} | ${cell(times.onnxruntime)} | ${cell(times.tfjs)} | ${ratio.toFixed(2)} |`);
}

console.log("| model | Verge, ms | onnxruntime-web, ms | tfjs-wasm, ms | best peer / Verge |\n|---|---:|---:|---:|---:|");
await (options.browser ? inBrowser : inNode)(positionals.map(prepare));
const mean = Math.exp(rows.reduce((sum, r) => sum + Math.log(r.ratio), 0) / rows.length);
console.log(`\nGeometric mean ${mean.toFixed(2)}, least ${Math.min(...rows.map((r) => r.ratio)).toFixed(2)}.`);
if (options.json) writeFileSync(options.json, JSON.stringify(rows));
process.exit(0);
