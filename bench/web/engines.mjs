// The engines that bench.mjs compares, in Node and in a page. Each maker returns a function that runs one inference on fixed inputs; it may be async.

// Fixed noise in [0, 1) or small integers.
function noise(n, array) {
  const data = new array(n);
  let state = 1;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const unit = state / 2 ** 32;
    data[i] = array === BigInt64Array ? BigInt(Math.floor(unit * 2)) : array === Float32Array ? unit : Math.floor(unit * 100);
  }
  return data;
}

const ARRAYS = { f32: Float32Array, i8: Int8Array, u8: Uint8Array, i32: Int32Array, i64: BigInt64Array };

export async function verge(load, model, { open }) {
  const session = await open(await load(model.vpk));
  const inputs = Object.fromEntries(session.inputs.map((t) => [t.name, noise(t.shape.reduce((a, b) => a * b, 1), ARRAYS[t.dtype])]));
  return () => session.run(inputs);
}

export async function onnxruntime(load, file, ort) {
  const session = await ort.InferenceSession.create(await load(file), { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  const types = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array };
  const feeds = {};
  for (const meta of session.inputMetadata) {
    const shape = meta.shape.map((d) => (typeof d === "number" && d > 0 ? d : 1));
    feeds[meta.name] = new ort.Tensor(meta.type, noise(shape.reduce((a, b) => a * b, 1), types[meta.type]), shape);
  }
  return () => session.run(feeds);
}

// TensorFlow.js runs neither ONNX nor, in this backend, int8: the same architectures are written with its fused operators and random weights.
export async function tfjs(load, model, tf) {
  const build = NETWORKS[model.name];
  if (!build) return null;
  const layers = new Layers(tf);
  const network = build(layers);
  const x = tf.tensor(noise(network.shape.reduce((a, b) => a * b, 1), Float32Array), network.shape);
  return async () => {
    const y = tf.tidy(() => network.run(x));
    await y.data();
    y.dispose();
  };
}

class Layers {
  constructor(tf) {
    this.tf = tf;
  }
  weights(shape) {
    return this.tf.tensor(noise(shape.reduce((a, b) => a * b, 1), Float32Array).map((v) => (v - 0.5) / 8), shape);
  }
  conv(from, to, kernel, strides = 1, activation = "relu", pad = "same") {
    const [kh, kw] = Array.isArray(kernel) ? kernel : [kernel, kernel];
    const filter = this.weights([kh, kw, from, to]), bias = this.weights([to]);
    return (x) => this.tf.fused.conv2d({ x, filter, strides, pad, bias, activation });
  }
  depthwise(channels, kernel, strides = 1, activation = "relu") {
    const filter = this.weights([kernel, kernel, channels, 1]), bias = this.weights([channels]);
    return (x) => this.tf.fused.depthwiseConv2d({ x, filter, strides, pad: "same", bias, activation });
  }
  dense(from, to, activation = "linear") {
    const b = this.weights([from, to]), bias = this.weights([to]);
    return (x) => this.tf.fused.matMul({ a: x.reshape([-1, from]), b, bias, activation });
  }
  mean() {
    return (x) => this.tf.mean(x, [1, 2]);
  }
  residual(inner, other = (x) => x, activation = (x) => x) {
    return (x) => activation(this.tf.add(inner(x), other(x)));
  }
  chain(...steps) {
    return (x) => steps.reduce((value, step) => step(value), x);
  }
}

function mobilenetV1(l, size, width, inputs, classes, activation = "relu6") {
  const c = (n) => Math.max(8, Math.round(n * width));
  const blocks = [[32, 64, 1], [64, 128, 2], [128, 128, 1], [128, 256, 2], [256, 256, 1], [256, 512, 2], [512, 512, 1], [512, 512, 1], [512, 512, 1],
    [512, 512, 1], [512, 512, 1], [512, 1024, 2], [1024, 1024, 1]];
  const steps = [l.conv(inputs, c(32), 3, 2, activation)];
  for (const [from, to, stride] of blocks) steps.push(l.depthwise(c(from), 3, stride, activation), l.conv(c(from), c(to), 1, 1, activation));
  return { shape: [1, size, size, inputs], run: l.chain(...steps, l.mean(), l.dense(c(1024), classes)) };
}

function mobilenetV2(l) {
  const steps = [l.conv(3, 32, 3, 2, "relu6")];
  let from = 32;
  for (const [expand, to, count, first] of [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]])
    for (let i = 0; i < count; i++, from = to) {
      const wide = from * expand, stride = i === 0 ? first : 1;
      const inner = l.chain(...(expand > 1 ? [l.conv(from, wide, 1, 1, "relu6")] : []), l.depthwise(wide, 3, stride, "relu6"), l.conv(wide, to, 1, 1, "linear"));
      steps.push(stride === 1 && from === to ? l.residual(inner) : inner);
    }
  return { shape: [1, 224, 224, 3], run: l.chain(...steps, l.conv(320, 1280, 1, 1, "relu6"), l.mean(), l.dense(1280, 1000)) };
}

function resnet8(l) {
  const relu = (x) => l.tf.relu(x);
  const block = (from, to, stride) =>
    l.residual(l.chain(l.conv(from, to, 3, stride), l.conv(to, to, 3, 1, "linear")), stride > 1 ? l.conv(from, to, 1, stride, "linear") : undefined, relu);
  return { shape: [1, 32, 32, 3], run: l.chain(l.conv(3, 16, 3), block(16, 16, 1), block(16, 32, 2), block(32, 64, 2), l.mean(), l.dense(64, 10)) };
}

function dscnn(l) {
  const steps = [l.conv(1, 64, [10, 4], 2)];
  for (let i = 0; i < 4; i++) steps.push(l.depthwise(64, 3), l.conv(64, 64, 1));
  return { shape: [1, 49, 10, 1], run: l.chain(...steps, l.mean(), l.dense(64, 12)) };
}

function autoencoder(l) {
  const sizes = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640];
  const steps = sizes.slice(1).map((to, i) => l.dense(sizes[i], to, i + 2 < sizes.length ? "relu" : "linear"));
  return { shape: [1, 640], run: l.chain(...steps) };
}

const NETWORKS = {
  mlperf_ad_autoencoder: autoencoder,
  mlperf_ic_resnet8: resnet8,
  mlperf_kws_dscnn: dscnn,
  mlperf_vww_mobilenet025: (l) => mobilenetV1(l, 96, 0.25, 3, 2),
  mobilenet_v1_224: (l) => mobilenetV1(l, 224, 1, 3, 1000),
  mobilenet_v2_224: mobilenetV2,
};

// Interleaved rounds; each timing covers enough runs for the page's coarse clock. Milliseconds a run: {engine: [a value a round]}.
export async function measure(runners, rounds, slice_ms = 4) {
  const counts = {}, times = Object.fromEntries(Object.keys(runners).map((name) => [name, []]));
  for (const [name, run] of Object.entries(runners)) {
    const begin = performance.now();
    let n = 0;
    for (; n < 3 || performance.now() - begin < 1500; n++) await run();  // long enough for the engine's optimising compiler
    const once = performance.now();
    await run();
    counts[name] = Math.max(1, Math.ceil(slice_ms / Math.max(performance.now() - once, (once - begin) / n / 4)));
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(runners)) {
      const begin = performance.now();
      for (let i = 0; i < counts[name]; i++) await run();
      times[name].push((performance.now() - begin) / counts[name]);
    }
  return times;
}
