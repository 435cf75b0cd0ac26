"""Our update client against repositories made by python-tuf: what is right is taken, every attack of the specification is refused and leaves what was trusted."""
import datetime
import os
import tempfile

from support import BUILD, run
from tuf_repository import Repository, Server, api, signer_module

VERGE_TUF = os.path.join(BUILD, "verge-tuf")


class Case:
    def __init__(self, tmp, name):
        self.dir = f"{tmp}/{name}"
        self.repository = Repository(f"{self.dir}/repo")
        self.server = Server(f"{self.dir}/repo")
        p = run(VERGE_TUF, "--metadata-dir", f"{self.dir}/trusted", "init", f"{self.dir}/repo/metadata/1.root.json")
        assert p.returncode == 0, p.stderr

    def client(self, *arguments):
        return run(VERGE_TUF, "--metadata-dir", f"{self.dir}/trusted", "--metadata-url", f"{self.server.url}/metadata", *arguments)

    def takes(self):
        p = self.client("refresh")
        assert p.returncode == 0, p.stderr

    def refuses(self, words, *command):
        before = self.trusted()
        p = self.client(*(command or ["refresh"]))
        assert p.returncode == 1 and words in p.stderr, f"{self.dir}: wanted '{words}', exit {p.returncode}, {p.stderr}"
        after = self.trusted()
        for role in ("timestamp", "snapshot", "targets"):
            assert after.get(role, 0) >= before.get(role, 0), (role, before, after)

    def download(self, name):
        return ["--target-name", name, "--target-dir", f"{self.dir}/got", "--target-base-url", f"{self.server.url}/targets", "download"]

    def trusted(self):
        files = os.listdir(f"{self.dir}/trusted")
        return {f[:-5]: api.Metadata.from_file(f"{self.dir}/trusted/{f}").signed.version for f in files}


def arbitrary_install(c):
    c.repository.add_target("model.vpk", b"the model")
    c.repository.release(targets=True)
    hash_ = c.repository.targets.targets["model.vpk"].hashes["sha256"]
    path = f"{c.dir}/repo/targets/{hash_}.model.vpk"
    open(path, "wb").write(b"the virus")
    c.refuses("is not the one that was signed", *c.download("model.vpk"))
    assert not os.path.exists(f"{c.dir}/got/model.vpk")
    c.refuses("no role vouches", *c.download("other.vpk"))
    open(path, "wb").write(b"the model")
    assert c.client(*c.download("model.vpk")).returncode == 0
    assert open(f"{c.dir}/got/model.vpk", "rb").read() == b"the model"


def rollback(c):
    old = {f: open(f"{c.dir}/repo/metadata/{f}", "rb").read() for f in ("timestamp.json",)}
    c.repository.release(targets=True)
    c.takes()
    open(f"{c.dir}/repo/metadata/timestamp.json", "wb").write(old["timestamp.json"])
    c.refuses("timestamp has version")
    c.repository.snapshot.version -= 1
    c.repository.release()
    c.refuses("the snapshot that the timestamp names has version")
    c.repository.snapshot.version += 2
    c.repository.targets.version -= 1
    c.repository.release()
    c.refuses("'targets.json' in the snapshot has version")


def freeze(c):
    c.takes()
    c.repository.timestamp.expires = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    c.repository.release()
    c.refuses("timestamp expired")


def mix_and_match(c):
    c.repository.release(targets=True)
    c.takes()
    c.repository.targets.version += 1
    c.repository.add_target("a", b"a")
    c.repository.write("targets", c.repository.targets)
    good = open(f"{c.dir}/repo/metadata/{c.repository.targets.version}.targets.json", "rb").read()
    c.repository.snapshot.meta["targets.json"] = api.MetaFile.from_data(c.repository.targets.version, good, ["sha256"])
    c.repository.snapshot.version += 1
    c.repository.write("snapshot", c.repository.snapshot)
    c.repository.timestamp.snapshot_meta = api.MetaFile(version=c.repository.snapshot.version)
    c.repository.timestamp.version += 1
    c.repository.write("timestamp", c.repository.timestamp)
    c.repository.targets.targets.clear()
    c.repository.write("targets", c.repository.targets)  # the same version, signed, but not what the snapshot names
    c.refuses("role 'targets': it")


def endless_data(c):
    c.takes()
    c.repository.release(targets=True)
    c.server.endless.add("/metadata/timestamp.json")
    c.refuses("more bytes came")
    c.server.endless = {f"/metadata/{c.repository.targets.version}.targets.json"}
    c.refuses("more bytes came")
    c.server.endless.clear()
    c.repository.add_target("m", b"x" * 1000)
    c.repository.release(targets=True)
    c.server.endless = {"/targets/" + c.repository.targets.targets["m"].hashes["sha256"] + ".m"}
    c.refuses("more bytes came", *c.download("m"))


def wrong_key(c):
    c.takes()
    stranger = [signer_module.CryptoSigner.generate_ed25519()]
    for role, signed in (("timestamp", c.repository.timestamp), ("root", c.repository.root)):
        signed.version += 1
        c.repository.write(role, signed, signers=stranger)
        c.refuses("is signed by 0 of its keys")
    os.remove(f"{c.dir}/repo/metadata/2.root.json")
    c.repository.root.version -= 1
    c.repository.root.roles["snapshot"].threshold = 1
    c.repository.timestamp.version -= 1
    c.repository.release()
    c.takes()


def fast_forward_and_recovery(c):
    c.repository.timestamp.version = 2**31
    c.repository.release()
    c.takes()
    c.repository.timestamp.version = 5
    c.repository.release()
    c.refuses("timestamp has version")
    c.repository.rotate("timestamp")
    c.repository.timestamp.version = 5
    c.repository.release()
    c.takes()
    assert c.trusted()["timestamp"] == 6


def root_rotation(c):
    c.takes()
    for role in ("root", "targets", "root"):
        c.repository.rotate(role)
    c.repository.release(targets=True)
    c.takes()
    assert c.trusted()["root"] == 4
    c.repository.root.version += 1
    c.repository.root.roles["root"].threshold = 2
    c.repository.write("root", c.repository.root)
    c.refuses("root is signed by 1 of its keys, wanted 2")


def main():
    attacks = [arbitrary_install, rollback, freeze, mix_and_match, endless_data, wrong_key, fast_forward_and_recovery, root_rotation]
    with tempfile.TemporaryDirectory() as tmp:
        for attack in attacks:
            case = Case(tmp, attack.__name__)
            attack(case)
            case.server.stop()
    print(f"{len(attacks)} attacks refused, and what followed taken")


if __name__ == "__main__":
    main()
