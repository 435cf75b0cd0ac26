/** Runs Verge packages (.vpk) with the device runtime compiled to WebAssembly. */

export type DType = "f32" | "f16" | "bf16" | "f64" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "bool";

/** The array type of each `DType`: f16 and bf16 are their bits, bool is 0 or 1. */
export type TensorData =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Quantised tensors only: real = scale * (q - zeroPoint). */
  readonly scale?: number;
  readonly zeroPoint?: number;
}

export interface OpenOptions {
  /** Where verge.wasm lies, its bytes, or a compiled module, when a bundler has moved it. Default: beside index.mjs, with relaxed SIMD where the engine has it. */
  wasm?: URL | string | ArrayBuffer | ArrayBufferView | WebAssembly.Module;
  /** false: portable kernels alone, to compare with. */
  simd?: boolean;
}

export interface SelfTest {
  /** Golden vectors of the package, outputs compared, outputs that differ: integers by a bit, floats by more than 1e-3 of the largest magnitude. */
  vectors: number;
  outputs: number;
  different: number;
}

/** What every function here throws. `code`: "invalid argument", "unsupported", "corrupt", "out of memory", "not found", "integrity", "internal". */
export class VergeError extends Error {
  readonly code: string;
}

export class Model {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** name, labels, pipeline, source, validation ... (docs/package.md) */
  readonly manifest: Record<string, any>;
  /** Memory of the session beside the package's own bytes. */
  readonly sessionBytes: number;

  /** One inference. `inputs` by name; a model with one input takes its data directly. Outputs are copies, by name. Blocks: use a worker for large models. */
  run(inputs: Record<string, TensorData | number[]> | TensorData | number[]): Record<string, TensorData>;
  /** Puts the states of a recurrent model back to where they began. */
  reset(): void;
  /** Replays the package's golden vectors in this very engine. */
  selfTest(): SelfTest;
}

/** Opens a package: its bytes, where it is, or (Node) its path. Every hash, offset and shape is checked before anything runs. */
export function open(source: ArrayBuffer | ArrayBufferView | Blob | Response | URL | string, options?: OpenOptions): Promise<Model>;
