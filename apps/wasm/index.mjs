// Verge in JavaScript: opens a package (.vpk) and runs it. Works in browsers, workers, Node, Deno and Bun; see index.d.mts.

const ARRAYS = {
  1: ["f32", Float32Array], 2: ["f16", Uint16Array], 3: ["bf16", Uint16Array], 4: ["f64", Float64Array], 5: ["i8", Int8Array],
  6: ["u8", Uint8Array], 7: ["i16", Int16Array], 8: ["u16", Uint16Array], 9: ["i32", Int32Array], 10: ["u32", Uint32Array],
  11: ["i64", BigInt64Array], 12: ["u64", BigUint64Array], 13: ["bool", Uint8Array],
};

// What verge_open and verge_run return, by the names of base/status.h, and what to do about it.
const HINTS = {
  "unsupported": "it was made by a newer Verge; update this package",
  "corrupt": "it is damaged or no .vpk; make one with  verge convert",
  "integrity": "a hash does not match: the file is damaged; fetch it again",
  "out of memory": "the page has not enough memory for this model",
};

export class VergeError extends Error {
  constructor(message, code) {
    super(message);
    this.name = "VergeError";
    this.code = code;
  }
}

const text = new TextDecoder();
let compiled;

// (module (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0))))
function relaxedSimd() {
  const zero = [0xfd, 0x0c, ...new Array(16).fill(0)];
  const body = [0, ...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x0b];
  const code = [1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, code.length, ...code]));
}

async function fetched(url) {
  if (url.protocol === "file:") return (await import("node:fs/promises")).readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new VergeError(`cannot fetch ${url}: ${response.status} ${response.statusText}`, "not found");
  return new Uint8Array(await response.arrayBuffer());
}

// The module that this engine runs fastest, compiled once. `wasm`: where it lies, its bytes or a WebAssembly.Module, for bundlers that move files.
function runtime(wasm) {
  if (wasm instanceof WebAssembly.Module) return Promise.resolve(wasm);
  if (wasm) return bytesOf(wasm).then(WebAssembly.compile);
  compiled ??= fetched(new URL(relaxedSimd() ? "./verge-relaxed.wasm" : "./verge.wasm", import.meta.url)).then(WebAssembly.compile);
  return compiled;
}

async function bytesOf(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (typeof Blob !== "undefined" && source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (typeof Response !== "undefined" && source instanceof Response) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof URL) return fetched(source);
  if (typeof source === "string" && typeof document === "undefined" && !/^[a-z]+:/.test(source)) return (await import("node:fs/promises")).readFile(source);
  if (typeof source === "string") return fetched(new URL(source, globalThis.location?.href ?? import.meta.url));
  throw new VergeError("a package is an ArrayBuffer, a typed array, a Blob, a Response, a URL or a path", "invalid argument");
}

export async function open(source, { wasm, simd = true } = {}) {
  const [bytes, module] = await Promise.all([bytesOf(source), runtime(wasm)]);
  const { exports } = await WebAssembly.instantiate(module, {});
  return new Model(exports, bytes, simd);
}

// A package with its session. An instance of the module each: closing one is forgetting it.
export class Model {
  #c;
  #places = { input: [], output: [] };  // address of each tensor's data

  constructor(exports, bytes, simd) {
    this.#c = exports;
    exports.verge_use_simd(simd ? 1 : 0);
    const at = exports.verge_allocate(bytes.length);
    if (!at) throw new VergeError(`no memory for a package of ${bytes.length} bytes`, "out of memory");
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    this.#check(exports.verge_open(), "the package was refused");
    this.inputs = this.#tensors("input");
    this.outputs = this.#tensors("output");
    const manifest = new Uint8Array(exports.memory.buffer, exports.verge_manifest(), exports.verge_manifest_bytes());
    this.manifest = JSON.parse(text.decode(manifest));
    this.sessionBytes = exports.verge_session_bytes();
  }

  run(inputs) {
    this.inputs.forEach((tensor, i) => this.#set(i, tensor, this.#given(inputs, tensor)));
    this.#check(this.#c.verge_run(), "the run stopped");
    return Object.fromEntries(this.outputs.map((tensor, i) => [tensor.name, this.#view("output", i).slice()]));
  }

  // Puts the states of a recurrent model back to where they began.
  reset() {
    this.#c.verge_reset();
  }

  selfTest() {
    this.#check(this.#c.verge_self_test(), "the self-test could not run; make the package with  verge convert --golden");
    const [vectors, outputs, different] = new Uint32Array(this.#c.memory.buffer, this.#c.verge_self_test_counts(), 3);
    return { vectors, outputs, different };
  }

  #given(inputs, tensor) {
    const lone = this.inputs.length === 1 && (ArrayBuffer.isView(inputs) || Array.isArray(inputs));
    const data = lone ? inputs : inputs?.[tensor.name];
    if (data === undefined) throw new VergeError(`input '${tensor.name}' is missing; the model wants ${this.inputs.map((t) => `'${t.name}'`).join(", ")}`, "invalid argument");
    return data;
  }

  #set(i, tensor, data) {
    const view = this.#view("input", i);
    if (data.length !== view.length)
      throw new VergeError(`'${tensor.name}' is ${tensor.dtype}[${tensor.shape}], ${view.length} elements; ${data.length} were given`, "invalid argument");
    if (ArrayBuffer.isView(data) && data.constructor !== view.constructor && !(view instanceof Uint8Array && data instanceof Uint8ClampedArray))
      throw new VergeError(`'${tensor.name}' takes a ${view.constructor.name}; a ${data.constructor.name} was given`, "invalid argument");
    view.set(data);
  }

  #view(role, i) {
    const tensor = this[role + "s"][i];
    const array = Object.values(ARRAYS).find(([name]) => name === tensor.dtype)[1];
    return new array(this.#c.memory.buffer, this.#places[role][i], tensor.bytes / array.BYTES_PER_ELEMENT);
  }

  #tensors(role) {
    return Array.from({ length: this.#c[`verge_${role}_count`]() }, (_, i) => {
      const view = new DataView(this.#c.memory.buffer, this.#c[`verge_${role}`](i));
      const word = (n) => view.getInt32(4 * n, true);
      this.#places[role].push(word(1) >>> 0);
      const tensor = { name: this.#string(word(0)), dtype: ARRAYS[word(3)][0], shape: Array.from({ length: word(6) }, (_, d) => word(7 + d)), bytes: word(2) };
      const scale = view.getFloat32(16, true);
      return Object.freeze(scale ? { ...tensor, scale, zeroPoint: word(5) } : tensor);
    });
  }

  #string(at) {
    const bytes = new Uint8Array(this.#c.memory.buffer, at);
    return text.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  #check(code, what) {
    if (code === 0) return;
    const name = this.#string(this.#c.verge_code_name(code));
    throw new VergeError(HINTS[name] ? `${what}: ${name}: ${HINTS[name]}` : `${what}: ${name}`, name);
  }
}
