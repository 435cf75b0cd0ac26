"""A repository made by python-tuf and a server for folders, for the tests of our client."""
import datetime
import http.server
import os
import threading

from support import need

api = need("tuf.api.metadata")
signer_module = need("securesystemslib.signer")

TOP = ["root", "timestamp", "snapshot", "targets"]


class Repository:
    """Each role with one ed25519 key; publish() writes what a web server would serve."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(f"{folder}/metadata")
        os.makedirs(f"{folder}/targets")
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
        self.signers = {role: [signer_module.CryptoSigner.generate_ed25519()] for role in TOP}
        self.root = api.Root(expires=later, consistent_snapshot=True)
        for role in TOP:
            self.root.add_key(self.signers[role][0].public_key, role)
        self.targets = api.Targets(expires=later)
        self.snapshot = api.Snapshot(expires=later)
        self.timestamp = api.Timestamp(expires=later)
        self.write("root", self.root)
        self.write("targets", self.targets)
        self.release()

    def write(self, role, signed, signers=None, name=None):
        metadata = api.Metadata(signed)
        for signer in signers or self.signers[role]:
            metadata.sign(signer, append=True)
        name = name or (f"{role}.json" if role == "timestamp" else f"{signed.version}.{role}.json")
        metadata.to_file(f"{self.folder}/metadata/{name}")

    def add_target(self, name, content):
        self.targets.targets[name] = api.TargetFile.from_data(name, content)
        hash_ = self.targets.targets[name].hashes["sha256"]
        with open(f"{self.folder}/targets/{hash_}.{name}", "wb") as f:
            f.write(content)

    def release(self, targets=False):
        if targets:
            self.targets.version += 1
            self.write("targets", self.targets)
        self.snapshot.meta["targets.json"] = api.MetaFile(version=self.targets.version)
        if targets:
            self.snapshot.version += 1
        self.write("snapshot", self.snapshot)
        self.timestamp.snapshot_meta = api.MetaFile(version=self.snapshot.version)
        self.timestamp.version += 1
        self.write("timestamp", self.timestamp)

    def rotate(self, role, old_signers=None):
        """A new key for `role`, in a new root signed by the root's old and new keys."""
        before = list(self.signers["root"])
        old = self.signers[role][0]
        new = signer_module.CryptoSigner.generate_ed25519()
        self.root.revoke_key(old.public_key.keyid, role)
        self.root.add_key(new.public_key, role)
        self.signers[role] = [new]
        self.root.version += 1
        self.write("root", self.root, signers=list({s.public_key.keyid: s for s in before + self.signers["root"]}.values()))


class Server:
    """Serves a folder on loopback; a path in `endless` never ends."""

    def __init__(self, folder):
        outer = self
        self.endless, self.requests = set(), []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *a, **k):
                super().__init__(*a, directory=folder, **k)

            def do_GET(self):
                outer.requests.append(self.path)
                if self.path not in outer.endless:
                    return super().do_GET()
                self.send_response(200)
                self.end_headers()
                try:
                    for _ in range(4000):
                        self.wfile.write(b" " * 65536)
                except OSError:
                    outer.requests.append("cut off")

            def log_message(self, *a):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
