"""The files of deploy/: manifests fit the schemas of Kubernetes and Compose, commands are ones that the programs take, images hold the libraries that they need."""
import os
import re
import subprocess
import sysconfig

from support import ROOT, VERGE, VERGE_AGENT, need, run

yaml, kubernetes, compose = need("yaml"), need("kubernetes_validate"), need("compose_pydantic")
DEPLOY = os.path.join(ROOT, "deploy")
KUBERNETES = "1.31"


def documents(name):
    return list(yaml.safe_load_all(open(os.path.join(DEPLOY, name))))


def unknown_options(program, arguments):
    """Options that the program's help does not name."""
    command = [a for a in arguments if re.fullmatch(r"[a-z]+", a)][:2] if program == VERGE else []
    told = run(program, *command, "--help").stdout
    return [a for a in arguments if a.startswith("--") and a not in told]


def check_kubernetes():
    seen = set()
    for name in ("k3s.yaml", "kubeedge.yaml"):
        for resource in documents(name):
            kubernetes.validate(resource, KUBERNETES, strict=True)
            seen.add(resource["kind"])
            for container in resource.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
                program = VERGE if container["image"] == "verge-server" else VERGE_AGENT
                assert not unknown_options(program, container["args"]), f"{name}: {container['args']}"
    assert {"Deployment", "DaemonSet", "Service", "PersistentVolumeClaim"} <= seen, seen
    wrong = documents("k3s.yaml")[2]
    wrong["spec"]["replicas"] = "one"
    try:
        kubernetes.validate(wrong, KUBERNETES, strict=True)
    except kubernetes.ValidationError:
        return
    raise AssertionError("a manifest with a word for a number passes")


def check_compose():
    text = documents("compose.yaml")[0]
    compose.ComposeSpecification.model_validate(text)
    for name, program in (("server", VERGE), ("agent", VERGE_AGENT)):
        assert not unknown_options(program, text["services"][name]["command"]), name
    text["services"]["server"]["restart_always"] = True
    try:
        compose.ComposeSpecification.model_validate(text)
    except ValueError:
        return
    raise AssertionError("a service with an unknown key passes")


def stages():
    """Instructions of each stage of the Containerfile, continued lines joined."""
    out = {}
    for line in open(os.path.join(DEPLOY, "Containerfile")).read().replace("\\\n", " ").splitlines():
        if not line or line.startswith("#"):
            continue
        word, rest = line.split(maxsplit=1)
        assert word in ("FROM", "COPY", "WORKDIR", "RUN", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"), line
        if word == "FROM":
            stage = rest.split(" AS ")[1]
            out[stage] = []
        elif rest.startswith("--from="):
            assert rest[7:].split()[0] in out, line
        out[stage].append((word, rest))
    return out


def packages_of(program):
    """Debian's packages of the libraries that a program names."""
    needed = re.findall(r"NEEDED +(\S+)", subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout)
    found = [subprocess.run(["dpkg", "-S", f"*/{sysconfig.get_config_var('MULTIARCH')}/{n}"], capture_output=True, text=True).stdout.split(":")[0] for n in needed]
    return {p for p in found if p and p not in ("libc6", "libgcc-s1")}


def check_images():
    for stage, program in (("server", VERGE), ("agent", VERGE_AGENT)):
        instructions = stages()[stage]
        installed = set(re.search(r"--no-install-recommends (.*?)&&", dict(instructions)["RUN"]).group(1).split())
        missing = packages_of(program) - installed
        assert not missing, f"the image {stage} lacks {missing}"
        assert ("USER", "10001") in instructions, "images do not run as root"


check_kubernetes()
check_compose()
check_images()
print("manifests and images fit")
