"""Signed packages: OpenSSL reads our keys and checks our signature; a changed package and a stranger's key are refused with exit code 6."""
import os
import shutil
import stat
import tempfile

from support import INSPECTION, VERGE, VERGE_RT, run, skip, verge

with tempfile.TemporaryDirectory() as tmp:
    package, key, public = tmp + "/m.vpk", tmp + "/k.pem", tmp + "/k.pub.pem"
    verge("convert", INSPECTION, "-o", package)
    verge("key", "new", tmp + "/k")
    verge("key", "new", tmp + "/other")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    assert run(VERGE, "key", "new", tmp + "/k").returncode == 2, "a key is never overwritten"

    p = run(VERGE, "verify", package, "--key", public)
    assert p.returncode == 6 and "not signed" in p.stderr, p.stderr
    verge("sign", package, "--key", key)
    assert "signed by key" in verge("verify", package, "--key", public)
    assert run(VERGE_RT, package, "--info").returncode == 0, "a device runtime skips the signature"
    p = run(VERGE, "verify", package, "--key", tmp + "/other.pub.pem")
    assert p.returncode == 6 and "not by" in p.stderr, p.stderr

    data = bytearray(open(package, "rb").read())
    data[len(data) // 2] ^= 1
    open(tmp + "/changed.vpk", "wb").write(data)
    p = run(VERGE, "verify", tmp + "/changed.vpk", "--key", public)
    assert p.returncode == 6, p.stderr
    p = run(VERGE, "sign", package, "--key", public)
    assert p.returncode == 7 and "PRIVATE KEY" in p.stderr, p.stderr

    if not shutil.which("openssl"):
        skip("no openssl to check the signature with")
    count = int.from_bytes(data[6:8], "little")
    sections = {}
    for i in range(count):
        record = bytes(data[64 + 64 * i : 128 + 64 * i])
        sections[int.from_bytes(record[0:4], "little")] = (int.from_bytes(record[16:24], "little"), int.from_bytes(record[24:32], "little"))
    clean = open(package, "rb").read()
    part = lambda kind: clean[sections[kind][0] : sections[kind][0] + sections[kind][1]]  # noqa: E731
    open(tmp + "/message", "wb").write(b"verge package manifest v1\n" + part(1))
    open(tmp + "/signature", "wb").write(part(4)[40:104])
    p = run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", tmp + "/message", "-sigfile", tmp + "/signature")
    assert p.returncode == 0 and "Success" in p.stdout, p.stdout + p.stderr
    p = run("openssl", "pkey", "-in", key, "-pubout")
    assert p.stdout.strip() == open(public).read().strip(), p.stdout
print("signed, verified by OpenSSL, every change refused")
