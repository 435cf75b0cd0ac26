"""Repositories that `verge repo` makes, read by python-tuf's client and by ours: thresholds, delegation, rotation, removal."""
import os
import tempfile

from support import BUILD, VERGE, need, run, verge
from tuf_repository import Server

ngclient = need("tuf.ngclient")
VERGE_TUF = os.path.join(BUILD, "verge-tuf")


class Publisher:
    def __init__(self, tmp):
        self.tmp, self.repo = tmp, f"{tmp}/updates"

    def public(self, *names):
        for name in names:
            if not os.path.exists(f"{self.tmp}/{name}.pem"):
                verge("key", "new", f"{self.tmp}/{name}")
        return [f"{self.tmp}/{name}.pub.pem" for name in names]

    def sign(self, *names):
        for name in names:
            verge("repo", "sign", self.repo, "--key", f"{self.tmp}/{name}.pem")

    def publish(self):
        return run(VERGE, "repo", "publish", self.repo, "--key", f"{self.tmp}/online.pem")


class Readers:
    """The same download by python-tuf and by verge-tuf, each with its own trusted metadata."""

    def __init__(self, tmp, server, root):
        self.tmp, self.server = tmp, server
        os.makedirs(f"{tmp}/py")
        os.makedirs(f"{tmp}/py-got")
        self.root = open(root, "rb").read()
        self.first = True
        assert run(VERGE_TUF, "--metadata-dir", f"{tmp}/ours", "init", root).returncode == 0

    def get(self, name):
        bootstrap, self.first = (self.root if self.first else None), False
        updater = ngclient.Updater(f"{self.tmp}/py", f"{self.server.url}/metadata/", f"{self.tmp}/py-got", f"{self.server.url}/targets/", bootstrap=bootstrap)
        info = updater.get_targetinfo(name)
        theirs = open(updater.download_target(info), "rb").read() if info else None
        p = run(VERGE_TUF, "--metadata-dir", f"{self.tmp}/ours", "--metadata-url", f"{self.server.url}/metadata", "--target-name", name,
                "--target-dir", f"{self.tmp}/got", "--target-base-url", f"{self.server.url}/targets", "download")
        ours = open(p.stdout.strip(), "rb").read() if p.returncode == 0 else None
        assert ours == theirs, (name, ours, theirs, p.stderr)
        return ours


def main():
    with tempfile.TemporaryDirectory() as tmp:
        p = Publisher(tmp)
        verge("repo", "init", p.repo, "--root", *p.public("r1", "r2"), "--threshold", "root=2", "--targets", *p.public("t"),
              "--snapshot", *p.public("online"), "--timestamp", *p.public("online"))
        open(f"{tmp}/model.vpk", "wb").write(b"model one")
        verge("repo", "add", p.repo, f"{tmp}/model.vpk", "--name", "camera/model.vpk", "--custom", '{"version": 1}')
        p.sign("r1", "t")
        failed = p.publish()
        assert failed.returncode == 6 and "signed by 1 of its keys, wanted 2" in failed.stderr, failed.stderr
        p.sign("r2")
        assert p.publish().returncode == 0
        server = Server(p.repo)
        readers = Readers(tmp, server, f"{p.repo}/metadata/1.root.json")
        assert readers.get("camera/model.vpk") == b"model one"
        assert readers.get("camera/other.vpk") is None

        verge("repo", "delegate", p.repo, "--name", "team", "--key", *p.public("team"), "--path", "team/*")
        p.sign("t", "team")
        assert p.publish().returncode == 0
        open(f"{tmp}/model.vpk", "wb").write(b"the team's model")
        verge("repo", "add", p.repo, f"{tmp}/model.vpk", "--name", "team/model.vpk", "--role", "team")
        p.sign("team")
        assert p.publish().returncode == 0
        assert readers.get("team/model.vpk") == b"the team's model"
        verge("repo", "add", p.repo, f"{tmp}/model.vpk", "--name", "camera/stolen.vpk", "--role", "team")
        p.sign("team")
        assert p.publish().returncode == 0
        assert readers.get("camera/stolen.vpk") is None, "a role spoke of a name that is not its own"

        verge("repo", "rotate", p.repo, "--role", "root", "--add", *p.public("r3"), "--remove", *p.public("r1"))
        p.sign("r2", "r3")
        failed = p.publish()
        assert failed.returncode == 6 and "wanted 2" in failed.stderr, "the old root's threshold counts too"
        p.sign("r1")
        assert p.publish().returncode == 0
        verge("repo", "rotate", p.repo, "--role", "targets", "--add", *p.public("t2"), "--remove", *p.public("t"))
        verge("repo", "remove", p.repo, "camera/model.vpk")
        p.sign("r2", "r3", "t2")
        assert p.publish().returncode == 0
        assert readers.get("camera/model.vpk") is None
        assert readers.get("team/model.vpk") == b"the team's model"
        server.stop()
    print("python-tuf's client and ours read the same repository")


if __name__ == "__main__":
    main()
