#!/usr/bin/env python3
"""The detector on a video: `verge run --source`, all stages at once against one at a time, in fp32 and int8, and the same pipeline around ONNX Runtime.

    bench/camera.py [--video CLIP] [--rounds 3] [--copies 3] [--only FP32|INT8] [--json FILE]

Everything but the inference is the same program for both engines: FFmpeg decodes, Verge's runtime prepares and finds boxes, FFmpeg encodes. ONNX Runtime comes
in as a delegate (docs/placement.md). int8: one QDQ file for both engines, calibrated on frames of the video. Rounds are interleaved; the best of each row counts.
Run it on an idle machine.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("VERGE_SHARED", os.path.join(ROOT, "..", "shared"))
VERGE = os.path.join(os.environ.get("VERGE_BUILD", os.path.join(ROOT, "build", "release")), "verge")
DETECTOR = os.path.join(ROOT, "examples", "detector")
PIPELINE = ["--pipeline", os.path.join(DETECTOR, "yolox_nano.json")]


def run(*command):
    p = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {p.returncode}\n{p.stderr}")
    return p.stdout


def ffmpeg(*arguments):
    run("ffmpeg", "-nostdin", "-v", "error", "-y", *arguments)


def quantised(model, video, tmp):
    """QDQ files of the model, signed and unsigned activations, calibrated on each fourth frame."""
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", video, "-vf", "select=not(mod(n\\,4)),scale=416:234,pad=416:416:0:0:color=0x727272", "-vsync", "vfr", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
                         capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 416, 416, 3).transpose(0, 3, 1, 2).astype(np.float32)

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = [{"images": f[None]} for f in frames]

        def get_next(self):
            return self.rest.pop() if self.rest else None

    out, ready = {}, f"{tmp}/ready.onnx"
    quant_pre_process(model, ready, skip_symbolic_shape=True)
    for name, activations in (("s8s8", QuantType.QInt8), ("u8s8", QuantType.QUInt8)):
        out[name] = f"{tmp}/yolox_nano.{name}.onnx"
        quantize_static(ready, out[name], Reader(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8, activation_type=activations, op_types_to_quantize=["Conv"])
    return out


def onnxruntime_library():
    import onnxruntime
    return sorted(glob.glob(os.path.join(os.path.dirname(onnxruntime.__file__), "capi", "libonnxruntime.so*")))[0]


def rows_of(models, video, library):
    """(name, type, command)."""
    out = []
    for name, form, model in models:
        base = [VERGE, "run", model, *PIPELINE, "--source", video, "--json"]
        out.append((f"Verge {form}", name, "all at once", base))
        out.append((f"Verge {form}", name, "one at a time", base + ["--in-turn"]))
        out.append((f"Verge {form}", name, "one at a time, 2 threads", base + ["--in-turn", "--threads", "2"]))
        if model.endswith(".onnx"):
            there = base + ["--require", f"onnxruntime={library}"]
            out.append((f"ONNX Runtime {form}", name, "all at once", there))
            out.append((f"ONNX Runtime {form}", name, "one at a time", there + ["--in-turn"]))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", default=os.path.join(SHARED, "data/video/test_video.mp4"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, default=3, help="how often the video is put behind itself")
    parser.add_argument("--only", choices=["fp32", "int8"])
    parser.add_argument("--no-output", action="store_true", help="detect only: draw and write nothing")
    parser.add_argument("--keep", help="folder for the clip and the models, made once")
    parser.add_argument("--prepare", action="store_true", help="make them and measure nothing")
    parser.add_argument("--json")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tmp = a.keep or scratch
        os.makedirs(tmp, exist_ok=True)
        model, clip = os.path.join(SHARED, "models/onnx/yolox_nano.onnx"), f"{tmp}/clip.mp4"
        if not os.path.exists(clip):
            ffmpeg("-stream_loop", a.copies - 1, "-i", a.video, "-map", "0:v", "-c", "copy", clip)
        int8 = {f: f"{tmp}/yolox_nano.{f}.onnx" for f in ("s8s8", "u8s8")}
        if not all(os.path.exists(p) for p in int8.values()):
            int8 = quantised(model, a.video, tmp)
        if a.prepare:
            return
        models = [m for m in [("fp32", "fp32", model), ("int8", "s8s8", int8["s8s8"]), ("int8", "u8s8", int8["u8s8"])] if a.only in (None, m[0])]
        rows, best = rows_of(models, clip, onnxruntime_library()), {}
        for _ in range(a.rounds):
            for engine, kind, how, command in rows:
                r = json.loads(run(*command, *([] if a.no_output else ["-o", f"{scratch}/out.mp4"])))
                key = (kind, engine, how)
                if key not in best or r["fps"] > best[key]["fps"]:
                    best[key] = r
    print("| | engine | stages | FPS | end to end p50 / p99 ms | jitter ms | read / prepare / infer / boxes / write ms |\n|---|---|---|---:|---:|---:|---|")
    for (kind, engine, how), r in best.items():
        stages = " / ".join(f"{s['mean_ms']:.1f}" for s in r["stages"])
        print(f"| {kind} | {engine} | {how} | {r['fps']:.1f} | {r['latency_ms']['p50']:.1f} / {r['latency_ms']['p99']:.1f} | {r['jitter_ms']:.1f} | {stages} |")
    for kind, engine in dict.fromkeys((k, e) for k, e, _ in best):
        turn = max(best[kind, engine, how]["fps"] for k, e, how in best if (k, e) == (kind, engine) and how != "all at once")
        print(f"{kind} {engine}: all at once / one at a time = {best[kind, engine, 'all at once']['fps'] / turn:.2f}")
    if a.json:
        with open(a.json, "w") as f:
            json.dump([{"type": k, "engine": e, "stages": h, **r} for (k, e, h), r in best.items()], f, indent=1)


main()
