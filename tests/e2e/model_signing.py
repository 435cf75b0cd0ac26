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


def make_certificates(tmp):
    """A root, an authority below it and a signer's certificate: the signer's key, its chain (leaf first), the root, and another root."""
    openssl = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True)
    for name in ("root", "stranger"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", f"/CN={name}", "-keyout", f"{tmp}/{name}.key", "-out", f"{tmp}/{name}.crt",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for name, above, extensions in (("middle", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"), ("signer", "middle", "keyUsage=critical,digitalSignature"),
                                    ("reader", "middle", "keyUsage=critical,keyEncipherment")):
        open(f"{tmp}/{name}.ext", "w").write(extensions + "\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{tmp}/{name}.key", "-out", f"{tmp}/{name}.csr")
        openssl("x509", "-req", "-in", f"{tmp}/{name}.csr", "-CA", f"{tmp}/{above}.crt", "-CAkey", f"{tmp}/{above}.key", "-CAcreateserial", "-days", "9", "-extfile", f"{tmp}/{name}.ext", "-out", f"{tmp}/{name}.crt")
        open(f"{tmp}/{name}.chain", "w").write(open(f"{tmp}/{name}.crt").read() + open(f"{tmp}/middle.crt").read())


def check_certificates(tmp, model):
    make_certificates(tmp)
    bundle, root = f"{tmp}/certified.sig", f"{tmp}/root.crt"

    def refuse(words, authority):
        p = run(VERGE, "verify", model, "--bundle", bundle, "--authority", authority)
        assert p.returncode == 6 and words in p.stderr, (p.returncode, p.stderr)

    verge("sign", model, "--bundle", bundle, "--key", f"{tmp}/signer.key", "--certificate", f"{tmp}/signer.chain")
    verge("verify", model, "--bundle", bundle, "--authority", root)
    p = theirs("verify", "certificate", model, "--signature", bundle, "--certificate_chain", root)
    assert p.returncode == 0, p.stdout + p.stderr
    refuse("does not lead to the authority", f"{tmp}/stranger.crt")
    p = theirs("sign", "certificate", model, "--signature", bundle, "--private_key", f"{tmp}/signer.key", "--signing_certificate", f"{tmp}/signer.crt", "--certificate_chain", f"{tmp}/middle.crt")
    assert p.returncode == 0, p.stdout + p.stderr
    verge("verify", model, "--bundle", bundle, "--authority", root)
    verge("sign", model, "--bundle", bundle, "--key", f"{tmp}/reader.key", "--certificate", f"{tmp}/reader.chain")
    refuse("not for signing", root)
    assert run(VERGE, "sign", model, "--bundle", bundle, "--key", f"{tmp}/reader.key", "--certificate", f"{tmp}/signer.chain").returncode == 2, "another key's certificate"


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

        check_certificates(tmp, model)
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
