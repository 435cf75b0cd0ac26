"""OpenSSF model signatures both ways with PyPI's model-signing; every change of a file, the list, the key or the bundle is refused."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

from support import INSPECTION, VERGE, need, run, verge

need("model_signing")


def theirs(*arguments):
    return subprocess.run([sys.executable, "-m", "model_signing", *arguments], capture_output=True, text=True)


def make_key(tmp, name, curve):
    secret, public = f"{tmp}/{name}.pem", f"{tmp}/{name}.pub.pem"
    subprocess.run(["openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", secret], check=True)
    subprocess.run(["openssl", "ec", "-in", secret, "-pubout", "-out", public], check=True, capture_output=True)
    return secret, public


def refuses(words, model, bundle, public, code=6):
    p = run(VERGE, "verify", model, "--bundle", bundle, "--key", public)
    assert p.returncode == code and words in p.stderr, (p.returncode, p.stderr)


def check_both_ways(model, bundle, secret, public):
    verge("sign", model, "--bundle", bundle, "--key", secret)
    p = theirs("verify", "key", model, "--signature", bundle, "--public_key", public)
    assert p.returncode == 0, p.stdout + p.stderr
    os.remove(bundle)
    p = theirs("sign", "key", model, "--signature", bundle, "--private_key", secret)
    assert p.returncode == 0, p.stdout + p.stderr
    verge("verify", model, "--bundle", bundle, "--key", public)


def main():
    if not shutil.which("openssl"):
        sys.exit(77)
    with tempfile.TemporaryDirectory() as tmp:
        model = f"{tmp}/model"
        os.makedirs(f"{model}/parts/deep")
        verge("convert", INSPECTION, "-o", f"{model}/model.vpk")
        open(f"{model}/parts/deep/labels.txt", "w").write("ok\n")
        open(f"{model}/empty", "w")
        for curve in ("prime256v1", "secp384r1", "secp521r1"):
            secret, public = make_key(tmp, curve, curve)
            check_both_ways(model, f"{tmp}/outside.sig", secret, public)
            check_both_ways(model, f"{model}/inside.sig", secret, public)
            check_both_ways(f"{model}/model.vpk", f"{tmp}/one.sig", secret, public)
            os.remove(f"{model}/inside.sig")

        bundle = f"{tmp}/outside.sig"
        verge("sign", model, "--bundle", bundle, "--key", secret)
        refuses("not this key's", model, bundle, make_key(tmp, "other", "prime256v1")[1])
        open(f"{model}/parts/deep/labels.txt", "a").write("changed\n")
        refuses("'parts/deep/labels.txt' was changed", model, bundle, public)
        assert theirs("verify", "key", model, "--signature", bundle, "--public_key", public).returncode != 0
        open(f"{model}/parts/deep/labels.txt", "w").write("ok\n")
        open(f"{model}/more", "w")
        refuses("'more' was not there", model, bundle, public)
        os.remove(f"{model}/more")
        os.remove(f"{model}/empty")
        refuses("'empty' was signed and is missing", model, bundle, public)
        open(f"{model}/empty", "w")
        verge("verify", model, "--bundle", bundle, "--key", public)

        good = json.load(open(bundle))
        payload = json.loads(base64.b64decode(good["dsseEnvelope"]["payload"]))
        payload["predicate"]["resources"][0]["digest"] = "0" * 64
        good["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
        json.dump(good, open(f"{tmp}/forged.sig", "w"))
        refuses("not this key's", model, f"{tmp}/forged.sig", public)
        for text in ("", "{}", "[1]", '{"dsseEnvelope": {"payloadType": 1}}'):
            open(f"{tmp}/bad.sig", "w").write(text)
            refuses("damaged" if text != '{"dsseEnvelope": {"payloadType": 1}}' else "", model, f"{tmp}/bad.sig", public, code=7)
    print("model-signing verifies ours and we verify its; every change refused")


if __name__ == "__main__":
    main()
