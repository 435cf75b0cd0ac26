// From a picture to a model's input by the package's pipeline (docs/pipeline.md), with the arithmetic of the host: what `verge run` gives for a file.

const DEFAULTS = { color: "RGB", mean: [0, 0, 0], std: [1, 1, 1], layout: undefined, softmax: false };
const LUMA = [0.299, 0.587, 0.114];  // ITU-R BT.601

function declared(model, pipeline) {
  const d = { ...DEFAULTS, ...(pipeline ?? model.manifest.pipeline) };
  const three = (v) => (Array.isArray(v) ? v : [v, v, v]);
  return { ...d, mean: three(d.mean), std: three(d.std), resize: { mode: "bilinear", fit: "stretch", antialias: true, fill: 114, ...d.resize } };
}

function shapeOf(model, layout) {
  const shape = model.inputs[0].shape.slice(-3);
  const few = (n) => n === 1 || n === 3;
  const nchw = layout === "NCHW" || (layout !== "NHWC" && few(shape[0]) && !few(shape[2]));
  const [channels, height, width] = nchw ? shape : [shape[2], shape[0], shape[1]];
  if (model.inputs.length !== 1 || shape.length !== 3 || !few(channels))
    throw new Error(`the model takes [${model.inputs.map((t) => t.shape)}], no picture: one input of 1 or 3 channels is`);
  return { nchw, channels, height, width };
}

// Weights of one axis: output i is the sum over t of weights[i][t] * input first[i] + t; beyond the edge lies the edge.
function filter(mode, antialias, from, to, i) {
  const clamp = (k) => Math.min(Math.max(k, 0), from - 1);
  const x = ((i + 0.5) * from) / to - 0.5;
  if (mode === "nearest") return new Map([[clamp(Math.floor(x)), 1]]);
  const taps = new Map();
  const add = (k, weight) => weight > 0 && taps.set(clamp(k), (taps.get(clamp(k)) ?? 0) + weight);
  if (mode === "area") {
    const begin = (i * from) / to, end = Math.min(((i + 1) * from) / to, from);
    for (let k = Math.floor(begin); k < end; k++) add(k, (Math.min(end, k + 1) - Math.max(begin, k)) / (end - begin));
    return taps;
  }
  const shrink = antialias ? Math.min(to / from, 1) : 1;
  let sum = 0;
  for (let k = Math.floor(x - 1 / shrink); k <= Math.ceil(x + 1 / shrink); k++) sum += Math.max(0, 1 - Math.abs((k - x) * shrink));
  for (let k = Math.floor(x - 1 / shrink); k <= Math.ceil(x + 1 / shrink); k++) add(k, Math.max(0, 1 - Math.abs((k - x) * shrink)) / sum);
  return taps;
}

function axis({ mode, antialias }, from, to) {
  const all = Array.from({ length: to }, (_, i) => filter(mode, antialias, from, to, i));
  return all.map((taps) => ({ at: Int32Array.from(taps.keys()), weights: Float32Array.from(taps.values()) }));
}

const axes = new Map();  // by everything that decides them: a camera asks for the same each time
function cachedAxis(rule, from, to) {
  const key = `${rule.mode} ${rule.antialias} ${from} ${to}`;
  if (!axes.has(key)) axes.set(key, axis(rule, from, to));
  return axes.get(key);
}

// RGB floats [height, width, 3] from RGBA bytes: `window` of the picture to `to`, first along y.
function resized({ data, width }, window, to, rule) {
  const ys = cachedAxis(rule, window.height, to.height), xs = cachedAxis(rule, window.width, to.width);
  const row = new Float32Array(window.width * 3), out = new Float32Array(to.height * to.width * 3);
  for (let y = 0; y < to.height; y++) {
    row.fill(0);
    ys[y].at.forEach((from, t) => {
      const weight = ys[y].weights[t];
      let p = ((window.top + from) * width + window.left) * 4;
      for (let i = 0; i < row.length; i += 3, p += 4) {
        row[i] += weight * data[p];
        row[i + 1] += weight * data[p + 1];
        row[i + 2] += weight * data[p + 2];
      }
    });
    for (let x = 0, o = y * to.width * 3; x < to.width; x++, o += 3) {
      const { at, weights } = xs[x];
      for (let t = 0; t < at.length; t++) for (let c = 0; c < 3; c++) out[o + c] += weights[t] * row[at[t] * 3 + c];
    }
  }
  return out;
}

function cropped(picture, to) {
  const height = Math.min(picture.height, Math.floor((picture.width * to.height) / to.width));
  const width = Math.min(picture.width, Math.floor((picture.height * to.width) / to.height));
  return { top: Math.floor((picture.height - height) / 2), left: Math.floor((picture.width - width) / 2), height, width };
}

function fitted(picture, to, rule) {
  const whole = { top: 0, left: 0, height: picture.height, width: picture.width };
  if (rule.fit === "crop") return resized(picture, cropped(picture, to), to, rule);
  if (rule.fit !== "letterbox") return resized(picture, whole, to, rule);
  const scale = Math.min(to.height / picture.height, to.width / picture.width);
  const size = (n, most) => Math.min(Math.max(Math.floor(n * scale + 0.5), 1), most);
  const inner = { height: size(picture.height, to.height), width: size(picture.width, to.width) };
  const small = resized(picture, whole, inner, rule), out = new Float32Array(to.height * to.width * 3).fill(rule.fill);
  const top = Math.floor((to.height - inner.height) / 2), left = Math.floor((to.width - inner.width) / 2);
  for (let y = 0; y < inner.height; y++) out.set(small.subarray(y * inner.width * 3, (y + 1) * inner.width * 3), ((top + y) * to.width + left) * 3);
  return out;
}

// A real value as the input's type holds it; quantised ones round halves away from zero.
function storing(tensor) {
  if (tensor.dtype === "f32") return (x) => x;
  const [low, high] = tensor.dtype === "i8" ? [-128, 127] : [0, 255];
  const scale = tensor.scale ?? 1, zero = tensor.zeroPoint ?? 0;
  const rounded = tensor.scale ? (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5) : Math.trunc;
  return (x) => Math.min(Math.max(rounded(Math.fround(x / scale)) + zero, low), high);
}

const ARRAYS = { f32: Float32Array, i8: Int8Array, u8: Uint8Array };

export function prepare(model, picture, pipeline) {
  const d = declared(model, pipeline), to = shapeOf(model, d.layout), tensor = model.inputs[0];
  if (!ARRAYS[tensor.dtype]) throw new Error(`the model's input is ${tensor.dtype}; pictures become f32, i8 or u8`);
  const rgb = fitted(picture, to, d.resize), pixels = to.height * to.width, store = storing(tensor);
  const out = new ARRAYS[tensor.dtype](pixels * to.channels);
  for (let c = 0; c < to.channels; c++) {
    const from = d.color === "BGR" ? 2 - c : c, scale = Math.fround(1 / d.std[c]);
    for (let i = 0; i < pixels; i++) {
      const value = to.channels === 1 ? LUMA[0] * rgb[3 * i] + LUMA[1] * rgb[3 * i + 1] + LUMA[2] * rgb[3 * i + 2] : rgb[3 * i + from];
      out[to.nchw ? c * pixels + i : i * to.channels + c] = store((value - d.mean[c]) * scale);
    }
  }
  return out;
}

function real(tensor, data) {
  return tensor.scale ? Float32Array.from(data, (q) => tensor.scale * (q - tensor.zeroPoint)) : Float32Array.from(data, Number);
}

export function best(model, outputs, count = 3, pipeline) {
  const tensor = model.outputs[0];
  let scores = real(tensor, outputs[tensor.name]);
  if (declared(model, pipeline).softmax) {
    const most = scores.reduce((a, b) => Math.max(a, b)), e = scores.map((x) => Math.exp(x - most)), sum = e.reduce((a, b) => a + b);
    scores = e.map((x) => x / sum);
  }
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, count).map((index) => ({ index, label: model.manifest.labels?.[index] ?? String(index), score: scores[index] }));
}

// Boxes of models that end in TensorFlow Lite's detection operator (boxes, classes, scores, count); null for others. Coordinates are parts of the picture.
export function boxes(model, outputs, least = 0.5) {
  const [box, kind, score, count] = model.outputs.map((t) => real(t, outputs[t.name]));
  const n = score?.length;
  if (model.outputs.length !== 4 || box.length !== 4 * n || kind.length !== n || count.length !== 1) return null;
  const found = [];
  for (let i = 0; i < Math.min(n, count[0]); i++) {
    const [top, left, bottom, right] = box.subarray(4 * i, 4 * i + 4);
    if (score[i] >= least) found.push({ top, left, bottom, right, score: score[i], label: model.manifest.labels?.[kind[i]] ?? String(kind[i]) });
  }
  return found;
}
