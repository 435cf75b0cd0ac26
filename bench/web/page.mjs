// What bench.mjs runs, in Node or, through page.html, in a page.
import * as engines from "./engines.mjs";

export async function measureAll(models, rounds, load, { verge, ort, tf }, report) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  for (const model of models) {
    const runners = { verge: await engines.verge(load, model, verge) };
    for (const [i, file] of model.onnx.entries()) runners[`onnxruntime ${i}`] = await engines.onnxruntime(load, file, ort);
    const network = await engines.tfjs(load, model, tf);
    if (network) runners.tfjs = network;
    const times = await engines.measure(runners, rounds);
    await report({ name: model.name, times: { verge: times.verge, onnxruntime: fastest(times, "onnxruntime"), ...(network && { tfjs: times.tfjs }) } });
  }
}

// Of an engine's runners, the one with the least time.
function fastest(times, engine) {
  const all = Object.entries(times).filter(([name]) => name.startsWith(engine)).map(([, values]) => values);
  return all.reduce((a, b) => (Math.min(...a) < Math.min(...b) ? a : b));
}

async function inPage() {
  const post = (path, value) => fetch(path, { method: "POST", body: JSON.stringify(value) });
  try {
    const { models, rounds } = await (await fetch("/jobs")).json();
    const load = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
    const verge = await import("../../build/wasm/npm/index.mjs");
    const ort = await import("/modules/onnxruntime-web/dist/ort.wasm.min.mjs");
    globalThis.tf.wasm.setWasmPaths("/modules/@tensorflow/tfjs-backend-wasm/dist/");
    await measureAll(models, rounds, load, { verge, ort, tf: globalThis.tf }, (row) => post("/row", row));
    await post("/done", "");
  } catch (error) {
    await post("/failed", `${error.message}\n${error.stack}`);
  }
}
if (typeof document !== "undefined") inPage();
