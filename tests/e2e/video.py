"""A detector on a video: written, counted and the same in threads as in turn; and words, exit codes and no broken file where something is wrong."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from support import ROOT, VERGE, need, run, shared, skip, verge, verge_json

image = need("PIL.Image")

FRAMES = 12


def ffmpeg(*arguments):
    p = run("ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *arguments)
    assert p.returncode == 0, p.stderr
    return p.stdout


def frames_of(path):
    p = run("ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames,width,height,avg_frame_rate", "-of", "json", path)
    assert p.returncode == 0, f"{path} cannot be played: {p.stderr}"
    stream = json.loads(p.stdout)["streams"][0]
    return int(stream["nb_read_frames"]), stream["width"], stream["height"], stream["avg_frame_rate"]


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def package(tmp):
    detector = f"{ROOT}/examples/detector"
    verge("convert", shared("models/onnx/yolox_nano.onnx"), "--pipeline", f"{detector}/yolox_nano.json", "--labels", f"{detector}/coco.txt", "-o", f"{tmp}/yolox.vpk")
    return f"{tmp}/yolox.vpk"


def writes_what_it_found(tmp, model, clip):
    out = f"{tmp}/found.mp4"
    summary = verge_json("run", model, "--source", clip, "-o", out, "--detections", f"{tmp}/threads.jsonl")
    assert summary["frames"] == FRAMES and summary["dropped"] == 0 and summary["fps"] > 0, summary
    assert summary["latency_ms"]["p99"] >= summary["latency_ms"]["p50"] > 0 and summary["jitter_ms"] >= 0, summary
    assert [s["name"] for s in summary["stages"]] == ["read", "prepare", "infer", "boxes", "write"] and "energy_mj_per_frame" in summary
    assert frames_of(out) == (FRAMES, 482, 272, "25/1"), frames_of(out)
    assert not os.path.exists(f"{tmp}/found.part.mp4")
    found = lines(f"{tmp}/threads.jsonl")
    assert [f["frame"] for f in found] == list(range(FRAMES)) and all(any(d["label"] == "car" for d in f["detections"]) for f in found), found
    turn = verge_json("run", model, "--source", clip, "--in-turn", "--detections", f"{tmp}/turn.jsonl")
    assert turn["pipelined"] is False and lines(f"{tmp}/turn.jsonl") == found
    os.makedirs(f"{tmp}/frames")
    ffmpeg("-i", clip, f"{tmp}/%03d.ppm")  # its PNG files carry a gamma, which changes the pixels that other readers see
    for i in range(1, FRAMES + 1):
        image.open(f"{tmp}/{i:03}.ppm").save(f"{tmp}/frames/{i:03}.png")
    verge("run", model, "--source", f"{tmp}/frames", "--detections", f"{tmp}/folder.jsonl", "-o", f"{tmp}/folder.mkv", "--rate", "10")
    assert lines(f"{tmp}/folder.jsonl") == found, "a folder of the same pictures gives other boxes"
    assert frames_of(f"{tmp}/folder.mkv")[3] == "10/1"
    text = verge("run", model, "--source", clip, "--show", SDL_VIDEODRIVER="dummy")
    assert f"{FRAMES} frames in" in text and "end to end  p50" in text and "energy" in text, text


def refuses(code, words, *command, **environment):
    p = run(VERGE, "run", *command, **environment)
    assert p.returncode == code and words in p.stderr, (command, p.returncode, p.stderr)


def says_what_is_wrong(tmp, model, clip):
    os.makedirs(f"{tmp}/empty")
    refuses(5, "install it", model, "--source", clip, PATH=f"{tmp}/empty")
    refuses(5, "no device '/dev/video77'", model, "--source", "/dev/video77")
    refuses(5, "there is no", model, "--source", f"{tmp}/nowhere.mp4")
    refuses(5, "no pictures", model, "--source", f"{tmp}/empty")
    refuses(5, "no folder", model, "--source", clip, "-o", f"{tmp}/nowhere/x.mp4")
    refuses(5, "needs a display", model, "--source", clip, "--show", DISPLAY="", WAYLAND_DISPLAY="", SDL_VIDEODRIVER="")
    refuses(2, ".mp4, .mkv", model, "--source", clip, "-o", f"{tmp}/x.txt")
    refuses(2, "no \"detections\"", shared("models/onnx/mnist.onnx"), "--source", clip)
    refuses(2, "every one was dropped", model, "--source", clip, "--live", "--deadline-ms", "0.0001")
    with open(clip, "rb") as f:
        whole = f.read()
    for name, damaged in (("cut", whole[:len(whole) // 2]), ("noise", bytes(range(256)) * 40), ("empty", b"")):
        with open(f"{tmp}/{name}.mp4", "wb") as f:
            f.write(damaged)
        refuses(7, "is no video", model, "--source", f"{tmp}/{name}.mp4", "-o", f"{tmp}/{name}_out.mp4")
        assert not [f for f in os.listdir(tmp) if f.startswith(f"{name}_out")]
    at = whole.find(b"mdat") + len(whole) // 3
    with open(f"{tmp}/scratched.mp4", "wb") as f:
        f.write(whole[:at] + bytes(2000) + whole[at + 2000:])
    p = run(VERGE, "run", model, "--source", f"{tmp}/scratched.mp4")
    assert p.returncode == 0 and "is damaged, FFmpeg went on" in p.stderr, (p.returncode, p.stderr)


def full_disk_leaves_no_file(tmp, model, clip):
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    p = subprocess.run([VERGE, "run", model, "--source", clip, "-o", f"{tmp}/full.mp4"], capture_output=True, text=True, preexec_fn=no_room)
    assert p.returncode == 5 and "cannot be written" in p.stderr, (p.returncode, p.stderr)
    assert not [f for f in os.listdir(tmp) if f.startswith("full")], os.listdir(tmp)


def interrupt_leaves_a_playable_file(tmp, model, clip):
    ffmpeg("-stream_loop", "50", "-i", clip, "-c", "copy", f"{tmp}/long.mp4")
    process = subprocess.Popen([VERGE, "run", model, "--source", f"{tmp}/long.mp4", "--live", "-o", f"{tmp}/cut.mp4", "--json"], stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, process.returncode
    frames = json.loads(out)["frames"]
    written = frames_of(f"{tmp}/cut.mp4")[0]
    assert 0 < frames < 50 * FRAMES and frames - 3 <= written <= frames, (frames, written)  # pictures of one millisecond are one picture


def main():
    if not shutil.which("ffmpeg"):
        skip("no ffmpeg; tools/install.sh installs it")
    with tempfile.TemporaryDirectory() as tmp:
        clip = f"{tmp}/clip.mp4"
        ffmpeg("-i", shared("data/video/test_video.mp4"), "-frames:v", FRAMES, "-an", "-vf", "scale=482:272", "-c:v", "libx264", "-preset", "veryfast", clip)
        model = package(tmp)
        writes_what_it_found(tmp, model, clip)
        says_what_is_wrong(tmp, model, clip)
        full_disk_leaves_no_file(tmp, model, clip)
        interrupt_leaves_a_playable_file(tmp, model, clip)


main()
