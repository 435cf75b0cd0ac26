"""Silero VAD over speech, chunk by chunk with its state: ONNX Runtime's probabilities, from the source and from a package with a fixed rate."""
import json
import os
import sys
import tempfile
import wave

from support import BUILD, VERGE, need, run, shared, verge as command

np, ort = need("numpy"), need("onnxruntime")
sys.path.insert(0, os.path.join(BUILD, "python"))
import verge  # noqa: E402

MODEL, SPEECH = shared("models/onnx/silero_vad.onnx"), shared("data/speech/jfk.wav")
CHUNK, CONTEXT, RATE = 512, 64, 16000


def samples():
    with wave.open(SPEECH) as f:
        assert f.getframerate() == RATE and f.getnchannels() == 1
        return np.frombuffer(f.readframes(f.getnframes()), np.int16).astype(np.float32) / 32768


def probabilities(session, with_rate):
    x, state, context, out = samples(), np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32), []
    for at in range(0, len(x) - CHUNK + 1, CHUNK):
        feed = {"input": np.concatenate([context, x[at:at + CHUNK]])[None], "state": state}
        if with_rate:
            feed["sr"] = np.array(RATE, np.int64)
        probability, state = session.run(None, feed)
        context = x[at + CHUNK - CONTEXT:at + CHUNK]
        out.append(probability.item())
    return np.array(out), state


def expect_same(name, got, wanted):
    for g, w in zip(got, wanted):
        away = np.abs(g - w).max() / max(1, np.abs(w).max())
        assert away < 2e-5, f"{name}: differs from ONNX Runtime by {away:.3g} of the largest value"
    print(f"{name}: {len(got[0])} chunks equal to ONNX Runtime within {np.abs(got[0] - wanted[0]).max():.2g}", flush=True)


wanted = probabilities(ort.InferenceSession(MODEL, providers=["CPUExecutionProvider"]), True)
assert wanted[0].max() > 0.9 and wanted[0].min() < 0.1
expect_same("source", probabilities(verge.InferenceSession(MODEL), True), wanted)

with tempfile.TemporaryDirectory() as tmp:
    package = os.path.join(tmp, "vad.vpk")
    refused = run(VERGE, "convert", MODEL, "-o", package)
    assert refused.returncode == 3 and "--bind sr=VALUE" in refused.stderr, refused.stderr
    sizes = ["--dim", f"input.1={CHUNK + CONTEXT}"]
    command("convert", MODEL, "--bind", f"sr={RATE}", *sizes, "-o", package)
    session = verge.InferenceSession(package)
    assert [i.name for i in session.get_inputs()] == ["input", "state"]
    expect_same("package", probabilities(session, False), wanted)
    steps = {"source": "audio", "rate": RATE, "hop": CHUNK, "state": {"state": "stateN"}, "score": 0.5}
    report = json.loads(command("run", package, SPEECH, "--pipeline", json.dumps(steps), "--json"))[0]
    heard = np.array([w["values"][0] for w in report["windows"]])
    assert np.abs(heard - wanted[0]).max() < 1e-5, f"verge run: {np.abs(heard - wanted[0]).max()}"
    spoken = sum(end - begin for begin, end in report["spans"])
    assert abs(spoken - (wanted[0] >= 0.5).sum() * CHUNK / RATE) < 1e-6 and 5 < spoken < 10, report["spans"]
    p = run(VERGE, "run", package, SPEECH, "--pipeline", json.dumps({**steps, "state": {"state": "later"}}))
    assert p.returncode == 2 and "stateN" in p.stderr, (p.returncode, p.stderr)
    p = run(VERGE, "run", package, SPEECH, "--pipeline", json.dumps({**steps, "rate": 8000}))
    assert p.returncode == 2 and "resample" in p.stderr, (p.returncode, p.stderr)
