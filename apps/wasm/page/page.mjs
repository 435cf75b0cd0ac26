// The page: a package from a file or ?model=URL, its pipeline or ?pipeline=JSON; pictures from a file, a video or the camera; results drawn as they come.

const $ = (id) => document.getElementById(id);
const view = $("view"), context = view.getContext("2d"), video = $("video");
const frame = document.createElement("canvas"), pixels = frame.getContext("2d", { willReadFrequently: true });  // what the worker has
const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
const waiting = [];  // the worker answers in order
const query = new URLSearchParams(location.search), pipeline = query.has("pipeline") ? JSON.parse(query.get("pipeline")) : undefined;
let playing = 0;     // which run of frames is current; 0: none

worker.onmessage = ({ data }) => {
  const { resolve, reject } = waiting.shift();
  data.failed ? reject(new Error(data.failed)) : resolve(data);
};
worker.onerror = (error) => say(`the worker stopped: ${error.message}`, "failed");

function ask(message, transfer = []) {
  worker.postMessage(message, transfer);
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

function say(words, kind = "ready") {
  $("state").textContent = words;
  $("state").dataset.kind = kind;
}

function enable(on) {
  for (const id of ["source", "camera", "test"]) $(id).disabled = !on;
}

const guarded = (action) => (...given) => Promise.resolve(action(...given)).catch((error) => say(error.message, "failed"));

async function openPackage(bytes) {
  stop();
  enable(false);
  const { opened } = await ask({ open: bytes, pipeline }, [bytes]);
  const mb = (n) => `${(n / 1e6).toFixed(2)} MB`;
  const shape = opened.inputs.map((t) => `${t.dtype}[${t.shape}]`).join(", ");
  say(`${opened.name ?? "The package"}: ${shape}, ${mb(opened.packageBytes)}, session ${mb(opened.sessionBytes)}.`);
  enable(true);
}

function show({ classes, boxes, prepare_ms, run_ms }) {
  $("classes").replaceChildren(...rows(boxes ?? classes));
  boxes?.forEach(outline);
  figures({ "pre-processing": `${prepare_ms.toFixed(1)} ms`, inference: `${run_ms.toFixed(1)} ms` });
}

// Bars are parts of one: scores themselves, or, where they are none, e to their power beside the best.
function rows(found) {
  if (found.length === 0) return [Object.assign(document.createElement("li"), { textContent: "Nothing found." })];
  const parts = found.every(({ score }) => score >= 0 && score <= 1);
  return found.map(({ label, score }) => row(label, score, parts ? score : Math.exp(score - found[0].score)));
}

function row(label, score, part) {
  const item = document.createElement("li"), name = document.createElement("div"), bar = document.createElement("div");
  name.className = "name";
  name.append(Object.assign(document.createElement("span"), { textContent: label }), score.toPrecision(3));
  bar.className = "bar";
  bar.style.width = `${part * 100}%`;
  item.append(name, bar);
  return item;
}

function outline({ top, left, bottom, right, label }) {
  const [w, h] = [view.width, view.height];
  context.strokeStyle = context.fillStyle = "#39d98a";
  context.lineWidth = Math.max(2, w / 240);
  context.font = `${Math.max(14, w / 40)}px system-ui`;
  context.strokeRect(left * w, top * h, (right - left) * w, (bottom - top) * h);
  context.fillText(label, left * w + 4, Math.max(16, top * h - 4));
}

const shown = {};
function figures(more) {
  Object.assign(shown, more);
  $("figures").replaceChildren(...Object.entries(shown).flatMap(([name, value]) => [Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value })]));
}

async function seen(drawable, width, height) {
  Object.assign(frame, { width, height });
  pixels.drawImage(drawable, 0, 0, width, height);
  const { data } = pixels.getImageData(0, 0, width, height);
  const answer = await ask({ picture: { width, height, data } }, [data.buffer]);
  Object.assign(view, { width, height });
  context.drawImage(frame, 0, 0);
  show(answer.seen);
}

async function openPicture(file) {
  stop();
  const picture = await createImageBitmap(file);
  await seen(picture, picture.width, picture.height);
}

// Frames as they come; one is under way at a time, and those that come meanwhile are let go.
async function play(source) {
  stop();
  const mine = ++play.count, spans = [];
  playing = mine;
  $("stop").disabled = false;
  if (source instanceof MediaStream) video.srcObject = source;
  else video.src = URL.createObjectURL(source);
  await video.play();
  while (playing === mine && !video.ended) {
    const begin = performance.now();
    await seen(video, video.videoWidth, video.videoHeight);
    await new Promise((next) => ("requestVideoFrameCallback" in video ? video.requestVideoFrameCallback(next) : requestAnimationFrame(next)));
    spans.push(performance.now() - begin);
    report(spans.slice(-100), spans.length);
  }
  if (playing === mine) stop();
}
play.count = 0;

function report(spans, frames) {
  const sorted = [...spans].sort((a, b) => a - b), at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const mean = spans.reduce((a, b) => a + b) / spans.length;
  figures({ frames: String(frames), "frames per second": (1000 / mean).toFixed(1), "frame p50, p99": `${at(0.5).toFixed(1)}, ${at(0.99).toFixed(1)} ms` });
}

function stop() {
  playing = 0;
  for (const name of Object.keys(shown)) delete shown[name];
  video.pause();
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
  video.removeAttribute("src");
  $("stop").disabled = true;
}

async function selfTest() {
  const { tested } = await ask({ test: true });
  say(tested.different ? `Self-test: ${tested.different} of ${tested.outputs} outputs differ.` : `Self-test: ${tested.outputs} outputs agree.`, tested.different ? "failed" : "ready");
}

const openSource = (file) => (file.type.startsWith("video/") ? play(file) : openPicture(file));
const openFile = async (file) => (file.name.endsWith(".vpk") ? openPackage(await file.arrayBuffer()) : openSource(file));

$("package").onchange = guarded(({ target }) => openFile(target.files[0]));
$("source").onchange = guarded(({ target }) => openFile(target.files[0]));
$("camera").onclick = guarded(async () => play(await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } })));
$("stop").onclick = stop;
$("test").onclick = guarded(selfTest);
document.addEventListener("dragover", (event) => (event.preventDefault(), $("drop").classList.add("over")));
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));
document.addEventListener("drop", guarded(async (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  for (const file of event.dataTransfer.files) await openFile(file);
}));

if (query.has("model")) guarded(async () => openPackage(await (await fetch(query.get("model"))).arrayBuffer()))();
