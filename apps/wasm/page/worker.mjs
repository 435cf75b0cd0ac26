// The model off the page's thread. Messages: {open: bytes, pipeline} -> {opened}; {picture} -> {classes, boxes, prepare_ms, run_ms}; {test: true} -> {tested}; {failed} for errors.
import { open } from "../index.mjs";
import { best, boxes, prepare } from "../picture.mjs";

let model, pipeline;

function look(picture) {
  const begin = performance.now();
  const input = prepare(model, picture, pipeline);
  const ready = performance.now();
  const outputs = model.run(input);
  const end = performance.now();
  return { classes: best(model, outputs, 3, pipeline), boxes: boxes(model, outputs), prepare_ms: ready - begin, run_ms: end - ready };
}

async function opened(bytes) {
  model = await open(bytes);
  const { name, labels, validation } = model.manifest;
  return { name, labels, validation, inputs: model.inputs, outputs: model.outputs, sessionBytes: model.sessionBytes, packageBytes: bytes.byteLength };
}

onmessage = async ({ data }) => {
  try {
    if (data.open) pipeline = data.pipeline;
    if (data.open) postMessage({ opened: await opened(data.open) });
    if (data.picture) postMessage({ seen: look(data.picture) });
    if (data.test) postMessage({ tested: model.selfTest() });
  } catch (error) {
    postMessage({ failed: error.message });
  }
};
