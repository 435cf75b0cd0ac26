"""The main job on the demo model: int8 within the budget, smaller, and the package runs on the device runner."""
import os
import tempfile

from support import INSPECTION, VERGE_RT, run, verge, verge_json


def main():
    with tempfile.TemporaryDirectory() as tmp:
        verge("data", "make", "inspection", "--count", "300", "--seed", "21", "-o", tmp + "/pictures")
        package = tmp + "/inspection.vpk"
        report = verge_json("optimize", INSPECTION, "--data", tmp + "/pictures", "--max-drop", "1%", "-o", package)
        fp32, int8 = report["candidates"]
        assert report["pipeline"]["declared"]
        assert int8["int8_mac_share"] > 0.95 and int8["drop_points"] <= 1.0, int8
        assert fp32["package_bytes"] / int8["package_bytes"] >= 3.5, (fp32["package_bytes"], int8["package_bytes"])
        assert len(report["blame"]) >= 9 and all(b["name"] for b in report["blame"])
        html = open(tmp + "/inspection.html").read()
        assert "http" not in html and "inspection.onnx" in html
        again = verge_json("optimize", INSPECTION, "--data", tmp + "/pictures", "--max-drop", "1%", "-o", tmp + "/again.vpk")
        assert again["candidates"][1]["agreement"] == int8["agreement"], "the same data and seed give the same network"
        p = run(VERGE_RT, package, "--self-test")
        assert p.returncode == 0 and "0 different" in p.stdout, p.stdout + p.stderr
        p = run(os.path.join(os.path.dirname(VERGE_RT), "verge"), "optimize", INSPECTION, "--data", tmp + "/pictures", "--pipeline",
                '{"mean": 1e6, "std": 1}', "--max-drop", "0.1", "-o", tmp + "/x.vpk")
        assert p.returncode in (0, 4), p.stderr


main()
print("optimised, self-tested")
