"""Every command of the guides runs as it is printed, in a folder that holds the files it names."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

from support import BUILD, INSPECTION, ROOT, VERGE, need, shared

np, onnx, ort, image = need("numpy"), need("onnx"), need("onnxruntime"), need("PIL.Image")
import text_classifier  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

ENGINE = glob.glob(os.path.join(os.path.dirname(ort.__file__), "capi", "libonnxruntime.so.*"))[0]


def save(nodes, weights, shape, out):
    graph = helper.make_graph(nodes, "model", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
                              [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in weights.items()])
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), "model.onnx")
    os.mkdir("in")
    np.save("in/input_0.npy", np.random.default_rng(1).normal(size=shape).astype(np.float32))


def importing(text):
    shutil.copy(shared("models/onnx/silero_vad.onnx"), ".")


def placement(text):
    save([helper.make_node("Inverse", ["x"], ["a"], domain="com.microsoft"), helper.make_node("Relu", ["a"], ["y"])], {}, [1, 3, 3], [1, 3, 3])


def custom_operators(text):
    save([helper.make_node("RadialBasis", ["x", "c"], ["y"], domain="com.example", gamma=0.5)], {"c": np.eye(3)}, [4, 3], [4, 3])
    for folder in ("include", "examples"):
        os.symlink(os.path.join(ROOT, folder), folder)


def pipeline(text):
    shutil.copy(shared("models/onnx/yolox_nano.onnx"), ".")
    shutil.copy(shared("models/onnx/silero_vad.onnx"), ".")
    shutil.copy(glob.glob(shared("models/tflite/models") + "/*_movenet_single_pose_lightning_ptq.tflite")[0], "movenet.tflite")
    shutil.copy(shared("data/speech/jfk.wav"), "speech.wav")
    for word, file in (("yolox", "pipeline.json"), ("audio", "sound.json")):
        declaration = next(b for b in re.findall(r"```json\n(.*?)```", text, re.S) if f'"{word}"' in b)
        with open(file, "w") as f:
            json.dump(json.loads(declaration), f)
    with open("coco.txt", "w") as f:
        f.write("\n".join(f"class {i}" for i in range(80)))
    image.open(shared("models/tflite/real/test_data_cat.bmp")).convert("RGB").save("photo.jpg")
    subprocess.run([VERGE, "convert", "yolox_nano.onnx", "--pipeline", "pipeline.json", "-o", "model.vpk"], check=True, capture_output=True)
    os.symlink(os.path.join(ROOT, "examples"), "examples")
    subprocess.run(["ffmpeg", "-v", "error", "-i", shared("data/video/test_video.mp4"), "-frames:v", "5", "-an", "clip.mp4"], check=True)
    np.save("what_i_feed.npy", np.zeros((1, 3, 416, 416), np.float32))


def tokens(text):
    with open("vocab.txt", "w") as f:
        f.write("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nand\nits\n")
    with open("tokenizer.json", "w") as f:
        json.dump({"pre_tokenizer": {"type": "Whitespace"}, "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "the": 1, "fox": 2}}}, f)
    text_classifier.make("classifier.onnx", 3)
    lines = [line for line in text.split("\n") if line]
    need("sentencepiece").SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix="llama", vocab_size=400, minloglevel=2, hard_vocab_limit=False)


def measuring(text):
    subprocess.run([VERGE, "convert", INSPECTION, "-o", "model.vpk"], check=True, capture_output=True)


def validating(text):
    shutil.copy(INSPECTION, "inspection.onnx")


def commands(text):
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.S | re.M):
        if language:
            continue
        yield from (line for line in block.splitlines() if line and not line.startswith("pip install"))


def follow(name, prepare):
    with open(os.path.join(ROOT, "docs", name + ".md")) as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare(text)
        count = 0
        for line in commands(text):
            line = re.sub(r"PATH/onnxruntime/capi/\S+", ENGINE, line)
            p = subprocess.run(line, shell=True, capture_output=True, text=True, env=dict(os.environ, PATH=BUILD + os.pathsep + os.environ["PATH"], VERGE_ONNXRUNTIME=ENGINE))
            assert p.returncode == 0, f"{name}.md: {line}: exit {p.returncode}\n{p.stderr}"
            count += 1
        os.chdir(ROOT)
    assert count > 0, name
    print(f"{name}.md: {count} commands", flush=True)


for guide, prepare in {"importing": importing, "placement": placement, "custom-operators": custom_operators, "pipeline": pipeline, "text": tokens, "measuring": measuring, "validating": validating}.items():
    follow(guide, prepare)
