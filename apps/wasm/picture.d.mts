import type { Model, TensorData } from "./index.mjs";

/** Pixels as a canvas gives them: RGBA bytes, rows from the top. `ImageData` is one. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

/** docs/pipeline.md; instead of the package's own where it is given. */
export interface Pipeline {
  color?: "RGB" | "BGR" | "GRAY";
  resize?: { mode?: "bilinear" | "nearest" | "area"; fit?: "stretch" | "crop" | "letterbox"; antialias?: boolean; fill?: number };
  mean?: number | number[];
  std?: number | number[];
  layout?: "NCHW" | "NHWC";
  softmax?: boolean;
}

export interface Class {
  index: number;
  label: string;
  score: number;
}

export interface Box {
  /** Parts of the picture, 0 to 1. */
  top: number;
  left: number;
  bottom: number;
  right: number;
  score: number;
  label: string;
}

/** The model's input from a picture, by the pipeline that the package declares: what `verge run` computes for a file. */
export function prepare(model: Model, picture: Picture, pipeline?: Pipeline): TensorData;

/** The classes of the first output with the highest scores. */
export function best(model: Model, outputs: Record<string, TensorData>, count?: number, pipeline?: Pipeline): Class[];

/** Boxes of a model that ends in TensorFlow Lite's detection operator; null for any other. */
export function boxes(model: Model, outputs: Record<string, TensorData>, least?: number): Box[] | null;
