#!/usr/bin/env python3
"""verge train on rendered pictures: same bits for every number of threads and after an interruption, and clear words where data or recipe are wrong.

What is trained for integers says in a new process and as generated C, to the bit, what it said in training; biases learn alone, and a kill in the middle loses nothing.
The recipe and the commands are those of docs/training.md.
"""
import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from support import ROOT, VERGE, need, run, run_model, shared, verge, verge_json

sys.path.insert(0, os.path.join(ROOT, "bench", "mcu"))
import mcu  # noqa: E402

np = need("numpy")
Image = need("PIL.Image")


def documented_recipe():
    text = open(os.path.join(ROOT, "docs", "training.md")).read()
    return re.search(r"```yaml\n(.*?)```", text, re.S).group(1)


def train(recipe, data, output, *more):
    return verge_json("train", recipe, "--data", data, "-o", output, *more)


def fails(code, words, *arguments):
    p = run(VERGE, "train", *arguments)
    assert p.returncode == code, f"exit {p.returncode}, wanted {code}: {p.stderr}"
    assert re.search(words, p.stderr), f"'{words}' is not in: {p.stderr}"


def same_bytes(a, b):
    assert open(a, "rb").read() == open(b, "rb").read(), f"{a} and {b} differ"


def check_results(tmp, recipe, data):
    report = train(recipe, data, f"{tmp}/one.vpk", "--threads", "1")
    history = report["history"]
    assert len(history) == 2 and history[-1]["loss"] < history[0]["loss"], history
    assert "svg" in open(report["html"]).read()
    train(recipe, data, f"{tmp}/three.vpk", "--threads", "3")
    same_bytes(f"{tmp}/one.vpk", f"{tmp}/three.vpk")
    p = run(VERGE, "train", recipe, "--data", data, "-o", f"{tmp}/cut.vpk", "--stop-after", "5")
    assert p.returncode == 130 and "--resume" in p.stderr and not os.path.exists(f"{tmp}/cut.vpk"), p.stderr
    train(recipe, data, f"{tmp}/cut.vpk", "--resume")
    same_bytes(f"{tmp}/one.vpk", f"{tmp}/cut.vpk")
    judged = verge_json("validate", f"{tmp}/one.vpk", "--data", data)
    assert judged["top1"] >= 0, judged


def pictures_of(folder):
    """As the documented recipe normalises them."""
    mean, std = np.float32([136, 134, 130]), np.float32([35, 35, 37])
    for file in sorted(glob.glob(f"{folder}/*/*.png"), key=lambda f: f[len(folder):]):
        yield ((np.asarray(Image.open(file).convert("RGB"), np.float32) - mean) * (np.float32(1) / std))[None]


def check_integers(tmp, recipe, data):
    judges = f"{tmp}/judges"
    verge("data", "make", "inspection", "--count", "20", "--seed", "2", "--size", "32", "-o", judges)
    for bits in ("weights: 8", "weights: 4, activations: 4", "weights: 2", "weights: 3, activations: 2, ends: 4", "weights: ternary", "weights: binary"):
        with open(f"{tmp}/bits.yaml", "w") as file:
            file.write(open(recipe).read() + f"quantize: {{{bits}}}\n")
        report = train(f"{tmp}/bits.yaml", data, f"{tmp}/bits.vpk", "--validation", judges, "--outputs", f"{tmp}/outputs.npy")
        assert report["history"][-1]["loss"] < report["history"][0]["loss"], report["history"]
        recorded = np.load(f"{tmp}/outputs.npy")
        again = np.concatenate([run_model([VERGE, "run"], f"{tmp}/bits.vpk", [x])[0] for x in pictures_of(judges)])
        assert recorded.shape == again.shape and len(np.unique(recorded)) > 10, (recorded.shape, again.shape)
        assert np.array_equal(recorded, again), f"{bits}: {np.abs(recorded - again).max()} apart"
        np.concatenate(list(pictures_of(judges))).tofile(f"{tmp}/cases.bin")
        generated = np.frombuffer(mcu.run_on_host(f"{tmp}/bits.vpk", "host", f"{tmp}/cases.bin"), np.float32).reshape(recorded.shape)
        assert np.array_equal(recorded, generated), f"{bits} in C: {np.abs(recorded - generated).max()} apart"
        assert "f32" not in [line.split("_")[-1] for line in run(VERGE, "inspect", f"{tmp}/bits.vpk").stdout.split() if line.startswith(("conv_", "dense_"))]


def check_integer_models(tmp, recipe, data):
    """An int8 TFLite file says the same after training at rate 0, to the bit; at another its biases learn and its weights stay."""
    judges, text = f"{tmp}/judges", open(recipe).read()
    open(f"{tmp}/int8.yaml", "w").write(text + "quantize: {weights: 8}\n")
    train(f"{tmp}/int8.yaml", data, f"{tmp}/int8.vpk", "--validation", judges, "--export", f"{tmp}/int8.tflite", "--outputs", f"{tmp}/said.npy")
    again = text.replace("model: lenet5", f"model: {tmp}/int8.tflite").replace("smoothing: 0.02", "smoothing: 0.3") + "trained: [biases]\n"
    open(f"{tmp}/still8.yaml", "w").write(re.sub("rate: [0-9.]+", "rate: 0", again))
    open(f"{tmp}/moving8.yaml", "w").write(again)
    still = train(f"{tmp}/still8.yaml", data, f"{tmp}/still8.vpk", "--validation", judges, "--outputs", f"{tmp}/still8.npy", "--weights", f"{tmp}/still8")
    assert np.array_equal(np.load(f"{tmp}/said.npy"), np.load(f"{tmp}/still8.npy"))
    moved = train(f"{tmp}/moving8.yaml", data, f"{tmp}/moved8.vpk", "--validation", judges, "--weights", f"{tmp}/moved8")
    assert moved["history"][-1]["loss"] < still["history"][-1]["loss"], (moved["history"], still["history"])
    before, after = arrays(f"{tmp}/still8"), arrays(f"{tmp}/moved8")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and all(before[name].ndim == 1 for name in changed), changed
    check_qdq(tmp, again, data, judges)
    open(f"{tmp}/still8.yaml", "w").write(again + "quantize: {weights: 4}\n")
    fails(2, "integers already", f"{tmp}/still8.yaml", "--data", data, "-o", f"{tmp}/x.vpk")


def check_qdq(tmp, recipe, data, judges):
    """The same of an ONNX file whose quantisation is written as nodes: at rate 0 within a step of what ONNX's rounding of the requantisation allows."""
    train(f"{tmp}/int8.yaml", data, f"{tmp}/int8.vpk", "--export", f"{tmp}/int8.onnx")
    text = recipe.replace("int8.tflite", "int8.onnx")
    open(f"{tmp}/qdq.yaml", "w").write(re.sub("rate: [0-9.]+", "rate: 0", text))
    still = train(f"{tmp}/qdq.yaml", data, f"{tmp}/qdq.vpk", "--validation", judges, "--outputs", f"{tmp}/qdq.npy")
    got = np.load(f"{tmp}/qdq.npy")
    want = np.concatenate([run_model([VERGE, "run"], f"{tmp}/int8.onnx", [np.ascontiguousarray(x.transpose(0, 3, 1, 2))])[0] for x in pictures_of(judges)])
    step = np.diff(np.unique(want)).min()
    assert np.abs(got - want).max() < 1.5 * step and (np.abs(got - want) < step / 2).mean() > 0.9, (np.abs(got - want).max(), step)
    open(f"{tmp}/qdq.yaml", "w").write(text)
    moved = train(f"{tmp}/qdq.yaml", data, f"{tmp}/qdq2.vpk", "--validation", judges)
    assert moved["history"][-1]["loss"] < still["history"][-1]["loss"], (moved["history"], still["history"])


def check_resumes(tmp, name, recipe, data):
    """The report of a whole run, whose bytes are those of one that was interrupted and went on with more threads."""
    open(f"{tmp}/{name}.yaml", "w").write(recipe)
    report = train(f"{tmp}/{name}.yaml", data, f"{tmp}/{name}.vpk", "--weights", f"{tmp}/{name}")
    assert report["history"][-1]["loss"] < report["history"][0]["loss"], (name, report["history"])
    p = run(VERGE, "train", f"{tmp}/{name}.yaml", "--data", data, "-o", f"{tmp}/{name}2.vpk", "--stop-after", "7")
    assert p.returncode == 130, p.stderr
    train(f"{tmp}/{name}.yaml", data, f"{tmp}/{name}2.vpk", "--resume", "--threads", "3")
    same_bytes(f"{tmp}/{name}.vpk", f"{tmp}/{name}2.vpk")
    return report


def check_kinds(tmp, recipe, data):
    """What else a recipe may ask for: optimisers, losses, blended samples, dropout, accumulation, less memory, shared values, adapters."""
    text = open(recipe).read().replace("epochs: 2", "epochs: 4")
    optimizer = lambda what: re.sub("optimizer: .*", f"optimizer: {{{what}}}", text)
    noisy = optimizer("type: lion, rate: 0.001, decay: 0.01").replace("type: cross_entropy, smoothing: 0.02", "type: focal").replace("crop: 2", "crop: 2, mixup: 0.2")
    report = check_resumes(tmp, "noisy", noisy + "dropout: 0.2\naccumulate: 2\n", data)
    assert 0 < report["history"][-1]["auc"] <= 1 and 0 <= report["history"][-1]["calibration_error"] <= 1 and 0 <= report["history"][-1]["eer"] <= 1, report["history"]
    check_resumes(tmp, "clustered", optimizer("type: lamb, rate: 0.02") + "cluster: {values: 8}\ncompress: true\n", data)
    assert all(len(np.unique(a)) <= 8 for a in arrays(f"{tmp}/clustered").values() if a.ndim > 1)
    open(f"{tmp}/all.yaml", "w").write(text)
    most = train(f"{tmp}/all.yaml", data, f"{tmp}/all.vpk", "--weights", f"{tmp}/all")["training_memory_bytes"]
    report = check_resumes(tmp, "less", text + f"memory_kb: {most * 0.95 / 1024}\n", data)
    assert report["training_memory_bytes"] <= 0.95 * most and report["batch"] == 16 and report["remade_values"] > 0, report
    assert all(np.array_equal(a, arrays(f"{tmp}/less")[name]) for name, a in arrays(f"{tmp}/all").items())
    adapted = optimizer("type: adam, rate: 0.005").replace("epochs: 4", "epochs: 8").replace("model: lenet5", f"model: {tmp}/start.onnx") + "fold: true\nadapters: {rank: 2}\n"
    check_resumes(tmp, "adapted", adapted, data)
    before, after = arrays(f"{tmp}/still"), arrays(f"{tmp}/adapted")
    for name, a in before.items():
        difference = (after[name].astype(np.float64) - a).reshape(len(a), -1)
        assert np.linalg.matrix_rank(difference, tol=1e-4) == (2 if a.ndim > 1 else 0), (name, np.linalg.svd(difference)[1])


def arrays(folder):
    return {f: np.load(f"{folder}/{f}") for f in os.listdir(folder)}


def check_biases(tmp, recipe, data):
    """A trained network's biases learn another light."""
    train(recipe, data, f"{tmp}/start.vpk", "--export", f"{tmp}/start.onnx")
    for x in list(pictures_of(data))[::20]:  # a file for others takes pictures channels first
        ours, others = (run_model([VERGE, "run"], f"{tmp}/start.{ending}", [inputs])[0] for ending, inputs in (("vpk", x), ("onnx", np.ascontiguousarray(x.transpose(0, 3, 1, 2)))))
        assert np.abs(ours - others).max() < 1e-4, (ours, others)
    assert verge_json("validate", f"{tmp}/start.vpk", "--data", data)["top1"] == verge_json("validate", f"{tmp}/start.onnx", "--data", data)["top1"]  # and says how it normalises
    text = open(recipe).read().replace("model: lenet5", f"model: {tmp}/start.onnx").replace("epochs: 2", "epochs: 6")
    changes = "fold: true\ndrift: {gain: 0.45, shift: 20, replay: 0.3}\ntrained: [biases]\n"
    still, moving = f"{tmp}/still.yaml", f"{tmp}/moving.yaml"
    open(still, "w").write(re.sub("rate: [0-9.]+", "rate: 0", text) + changes)
    open(moving, "w").write(text + changes)
    train(still, data, f"{tmp}/still.vpk", "--weights", f"{tmp}/still")
    report = train(moving, data, f"{tmp}/moved.vpk", "--weights", f"{tmp}/moved")
    assert "top1_clean" in report["before"] and "top1_clean" in report["history"][-1], report
    assert report["history"][-1]["loss"] < report["history"][0]["loss"], report["history"]
    before, after = arrays(f"{tmp}/still"), arrays(f"{tmp}/moved")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and all(before[name].ndim == 1 for name in changed), changed
    assert any(before[name].ndim > 1 for name in before)
    killed = subprocess.Popen([VERGE, "train", moving, "--data", data, "-o", f"{tmp}/killed.vpk"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not os.path.exists(f"{tmp}/killed.vpk.checkpoint") and killed.poll() is None:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    train(moving, data, f"{tmp}/killed.vpk", "--resume")
    same_bytes(f"{tmp}/moved.vpk", f"{tmp}/killed.vpk")
    open(moving, "w").write(text + changes + "memory_kb: 20\n")
    fails(4, "training one sample takes .* KB", moving, "--data", data, "-o", f"{tmp}/x.vpk")


def check_sparse_update(tmp, recipe, data):
    """As much learns as fits beside inference, the same after an interruption; what does not fit is said."""
    text = re.sub("batch: [0-9]+", "batch: 1", open(recipe).read().replace("model: lenet5", f"model: {tmp}/start.onnx").replace("rate: 0.05", "rate: 0.0005"))
    allowed = 24
    open(f"{tmp}/sparse.yaml", "w").write(text + f"fold: true\ndrift: {{gain: 0.45, shift: 20, replay: 0.3}}\nsparse_update_kb: {allowed}\n")
    report = train(f"{tmp}/sparse.yaml", data, f"{tmp}/sparse.vpk", "--weights", f"{tmp}/sparse")
    choice = report["sparse_update"]
    chosen = [c for c in choice["candidates"] if "added_bytes" in c]
    assert 0 < len(chosen) < len(choice["candidates"]), choice
    assert choice["inference_bytes"] < choice["training_bytes"] == report["training_memory_bytes"] <= choice["inference_bytes"] + allowed * 1024, choice
    before, after = arrays(f"{tmp}/still"), arrays(f"{tmp}/sparse")
    assert sum(not np.array_equal(before[name], after[name]) for name in before) == len(chosen), chosen
    p = run(VERGE, "train", f"{tmp}/sparse.yaml", "--data", data, "-o", f"{tmp}/sparse2.vpk", "--stop-after", "100")
    assert p.returncode == 130, p.stderr
    train(f"{tmp}/sparse.yaml", data, f"{tmp}/sparse2.vpk", "--resume", "--threads", "2")
    same_bytes(f"{tmp}/sparse.vpk", f"{tmp}/sparse2.vpk")
    open(f"{tmp}/sparse.yaml", "w").write(text + "fold: true\nsparse_update_kb: 0.001\n")
    fails(4, "the least parameter takes .* KB beyond inference", f"{tmp}/sparse.yaml", "--data", data, "-o", f"{tmp}/x.vpk")


def check_distillation(tmp, recipe, data):
    """A student learns from the network that check_biases exported, whatever the order of its classes; a teacher that lacks one is refused."""
    text = open(recipe).read()
    open(f"{tmp}/student.yaml", "w").write(text + f"distill: {{teacher: {tmp}/start.onnx, weight: 0.9}}\n")
    report = train(f"{tmp}/student.yaml", data, f"{tmp}/student.vpk")
    assert report["history"][-1]["loss"] < report["history"][0]["loss"], report["history"]
    assert sum(map(sum, report["confusion"])) == report["validation_samples"] and 0 < report["history"][-1]["macro_f1"] <= 1, report["confusion"]
    train(f"{tmp}/student.yaml", data, f"{tmp}/again.vpk", "--threads", "3")
    same_bytes(f"{tmp}/student.vpk", f"{tmp}/again.vpk")
    renamed = f"{tmp}/renamed"
    shutil.copytree(data, renamed)
    os.rename(f"{renamed}/ok", f"{renamed}/fine")
    fails(2, "the teacher does not know the class 'fine'; it knows .*dent", f"{tmp}/student.yaml", "--data", renamed, "-o", f"{tmp}/x.vpk")


def limited_to(bytes_):
    """What a process may write into a file: the disk is full beyond."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))


def check_checkpoints(tmp, recipe, data):
    """What stops a run leaves the checkpoint before it whole: Ctrl-C, a full disk, a loss that is no number."""
    text = open(recipe).read().replace("epochs: 2", "epochs: 6")
    longer = f"{tmp}/longer.yaml"
    open(longer, "w").write(text)
    train(longer, data, f"{tmp}/whole.vpk")
    checkpoint = f"{tmp}/stopped.vpk.checkpoint"
    running = subprocess.Popen([VERGE, "train", longer, "--data", data, "-o", f"{tmp}/stopped.vpk"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while not os.path.exists(checkpoint) and running.poll() is None:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    words = running.communicate()[1]
    assert running.returncode == 130 and "interrupted after step" in words and "--resume" in words, words
    before = open(checkpoint, "rb").read()
    full = subprocess.run([VERGE, "train", longer, "--data", data, "-o", f"{tmp}/stopped.vpk", "--resume"], capture_output=True, text=True, restore_signals=False,
                          preexec_fn=lambda: limited_to(len(before) // 2))
    assert full.returncode == 5 and re.search("checkpoint.*: (File too large|cannot)", full.stderr), full.stderr
    assert open(checkpoint, "rb").read() == before and not os.path.exists(f"{tmp}/stopped.vpk")
    train(longer, data, f"{tmp}/stopped.vpk", "--resume")
    same_bytes(f"{tmp}/whole.vpk", f"{tmp}/stopped.vpk")
    rising = f"{tmp}/rising.yaml"
    open(rising, "w").write(text.replace("rate: 0.05", "rate: 100").replace("type: cosine, warmup: 0.1", "type: constant, warmup: 1").replace(", clip_norm: 5", "").replace("epochs: 6", "epochs: 100"))
    for more in ((), ("--resume",)):
        fails(4, f"the loss is .* at step .*'{tmp}/rising.vpk.checkpoint' holds the state after epoch", rising, "--data", data, "-o", f"{tmp}/rising.vpk", *more)


def check_words(tmp, recipe, data):
    wrong = f"{tmp}/wrong.yaml"
    open(wrong, "w").write(open(recipe).read().replace("epochs:", "epoch:"))
    fails(2, "unknown key 'epoch'", wrong, "--data", data, "-o", f"{tmp}/x.vpk")
    open(wrong, "w").write(open(recipe).read().replace("rate: 0.05", "rate: 100000"))
    fails(4, "the loss is .* at step", wrong, "--data", data, "-o", f"{tmp}/x.vpk")
    assert not os.path.exists(f"{tmp}/x.vpk")
    fails(5, "No space left|No such file|cannot write", recipe, "--data", data, "-o", "/dev/full/x.vpk")
    flat = f"{tmp}/flat"
    os.makedirs(flat)
    for file in os.listdir(f"{data}/ok"):
        shutil.copy(f"{data}/ok/{file}", flat)
    fails(2, "samples have no label", recipe, "--data", flat, "-o", f"{tmp}/x.vpk")
    damaged = sorted(os.listdir(f"{data}/ok"))[0]
    open(f"{data}/ok/{damaged}", "wb").write(b"\x89PNG\r\n\x1a\n damaged")
    fails(7, damaged, recipe, "--data", data, "-o", f"{tmp}/x.vpk")
    open(wrong, "w").write(open(recipe).read() + "data: {damaged: skip}\n")
    assert train(wrong, data, f"{tmp}/x.vpk")["skipped"] == 1
    same = f"{tmp}/one.vpk.checkpoint"
    bytes_ = bytearray(open(same, "rb").read())
    bytes_[len(bytes_) // 2] ^= 1
    open(same, "wb").write(bytes_)
    fails(6, "is damaged", wrong, "--data", data, "-o", f"{tmp}/one.vpk", "--resume")


def main():
    shared("yardsticks/mcu/bench.h")  # of the generated C
    with tempfile.TemporaryDirectory() as tmp:
        data, recipe = f"{tmp}/pictures", f"{tmp}/recipe.yaml"
        verge("data", "make", "inspection", "--count", "80", "--seed", "1", "--size", "32", "-o", data)
        open(recipe, "w").write(documented_recipe())
        check_results(tmp, recipe, data)
        check_integers(tmp, recipe, data)
        check_integer_models(tmp, recipe, data)
        check_biases(tmp, recipe, data)
        check_sparse_update(tmp, recipe, data)
        check_kinds(tmp, recipe, data)
        check_distillation(tmp, recipe, data)
        check_checkpoints(tmp, recipe, data)
        check_words(tmp, recipe, data)
    print("passed")


if __name__ == "__main__":
    main()
