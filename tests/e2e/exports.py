"""Exported projects follow the published rules of their tools, and their C compiles for their cores; the CMake one builds and runs here.

What the SDKs themselves would build (ESP-IDF, Zephyr, FreeRTOS, Arduino, PlatformIO) is a compile check only: the SDKs are no Debian packages, so their headers are stood in
for by the declarations in tests/e2e/sdk_declarations."""
import glob
import json
import os
import re
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree

from support import ROOT, VERGE, run, shared, skip, verge

MODEL = shared("yardsticks/mcu/models/kws.tflite")
SEMVER = re.compile(r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$")
DECLARATIONS = os.path.join(ROOT, "tests", "e2e", "sdk_declarations")
ARM = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"]
RISCV = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"]
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def flat_yaml(text):
    """`key: value` lines without indentation; sections as empty values. Enough for the manifests here, and tabs or odd lines fail."""
    out = {}
    for line in text.splitlines():
        assert "\t" not in line, "YAML has no tabs"
        assert re.match(r"^ *(- )?\S", line), line
        if not line.startswith(" "):
            key, value = re.match(r"^([a-z_]+):(?: (.*))?$", line).groups()
            assert key not in out, f"{key} twice"
            out[key] = (value or "").strip('"')
    return out


def check_arduino(folder):
    """https://docs.arduino.cc/arduino-cli/library-specification"""
    properties = dict(line.split("=", 1) for line in read(folder, "library.properties").splitlines())
    for field in ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"):
        assert properties[field], field
    assert re.match(r"^[A-Za-z0-9][A-Za-z0-9 _.\-]{0,62}$", properties["name"]) and not properties["name"].lower().startswith("arduino")
    assert SEMVER.match(properties["version"])
    categories = "Display|Communication|Signal Input/Output|Sensors|Device Control|Timing|Data Storage|Data Processing|Other"
    assert properties["category"] in categories.split("|")
    assert not properties["sentence"].lower().startswith("arduino")
    assert os.path.exists(os.path.join(folder, "src", properties["includes"]))
    for line in read(folder, "keywords.txt").splitlines():
        word, kind = line.split("\t")
        assert kind in ("KEYWORD1", "KEYWORD2", "LITERAL1") and word in read(folder, "src", "kws.h")
    sketches = glob.glob(folder + "/examples/*/*.ino")
    assert sketches and all(os.path.basename(s)[:-4] == os.path.basename(os.path.dirname(s)) for s in sketches)
    return ["src"], []


def check_platformio(folder):
    """https://docs.platformio.org/en/latest/manifests/library-json"""
    manifest = json.loads(read(folder, "library.json"))
    known = {"name", "version", "description", "keywords", "homepage", "repository", "authors", "license", "frameworks", "platforms", "headers", "examples", "dependencies", "export",
             "scripts", "build", "$schema"}
    assert set(manifest) <= known and {"name", "version"} <= set(manifest)
    assert 1 <= len(manifest["name"]) <= 100 and SEMVER.match(manifest["version"])
    assert len(manifest.get("description", "")) <= 1000 and all(len(k.strip()) <= 50 for k in manifest["keywords"].split(","))
    build = manifest["build"]
    assert set(build) <= {"flags", "unflags", "includeDir", "srcDir", "srcFilter", "extraScript", "libArchive", "libLDFMode", "libCompatMode", "builder"}
    assert os.path.exists(os.path.join(folder, build["includeDir"], manifest["headers"]))
    for example in manifest["examples"]:
        assert set(example) == {"name", "base", "files"} and all(os.path.exists(os.path.join(folder, example["base"], f)) for f in example["files"])
    return [build["includeDir"]], []


def check_esp_idf(folder):
    """https://docs.espressif.com/projects/idf-component-manager/en/latest/reference/manifest_file.html"""
    manifest = flat_yaml(read(folder, "idf_component.yml"))
    known = {"version", "targets", "description", "url", "license", "dependencies", "maintainers", "tags", "files", "examples", "repository", "documentation", "issues", "discussion"}
    assert set(manifest) <= known and SEMVER.match(manifest["version"]) and manifest["license"] == "Apache-2.0"
    registered = re.search(r"idf_component_register\(SRCS \"([^\"]+)\" INCLUDE_DIRS \"([^\"]+)\"\)", read(folder, "CMakeLists.txt"))
    assert os.path.exists(os.path.join(folder, registered[1])) and os.path.exists(os.path.join(folder, registered[2], "kws.h"))
    example = read(folder, "examples", "run", "CMakeLists.txt").splitlines()
    assert example[1] == "include($ENV{IDF_PATH}/tools/cmake/project.cmake)" and example[2].startswith("project(")
    assert os.path.samefile(os.path.join(folder, "examples", "run", "main", re.search(r'path: "(.*)"', read(folder, "examples/run/main/idf_component.yml"))[1]), folder)
    return ["include"], ["examples/run/main/main.c"]


def check_zephyr(folder):
    """https://docs.zephyrproject.org/latest/develop/modules.html, scripts/zephyr_module.py"""
    module = flat_yaml(read(folder, "zephyr", "module.yml"))
    assert set(module) <= {"name", "build", "tests", "samples", "boards", "blobs", "security", "package-managers"} and re.match(r"^[A-Za-z0-9_-]+$", module["name"])
    for key in ("cmake", "kconfig"):
        path = os.path.join(folder, re.search(rf"^  {key}: (\S+)$", read(folder, "zephyr/module.yml"), re.M)[1])
        assert os.path.exists(os.path.join(path, "CMakeLists.txt") if key == "cmake" else path), path
    symbols = re.findall(r"^config (\w+)$", read(folder, "zephyr", "Kconfig"), re.M)
    assert symbols == ["VERGE_KWS"] and "if(CONFIG_VERGE_KWS)" in read(folder, "zephyr", "CMakeLists.txt")
    assert all(line.startswith(("config", "\t")) for line in read(folder, "zephyr", "Kconfig").splitlines())
    for path in re.findall(r"\((?:\.\./)?(\.\./\S+)\)", read(folder, "zephyr", "CMakeLists.txt")):
        assert os.path.exists(os.path.join(folder, "zephyr", path)), path
    assert read(folder, "samples/run/prj.conf") == "CONFIG_VERGE_KWS=y\n"
    return ["include"], ["samples/run/src/main.c"]


def check_cmsis_pack(folder):
    """https://open-cmsis-pack.github.io/Open-CMSIS-Pack-Spec: PACK.xsd's order of elements, file names, attributes"""
    (description,) = glob.glob(folder + "/*.pdsc")
    package = ElementTree.parse(description).getroot()
    assert package.tag == "package" and re.match(r"^1\.7\.\d+$", package.get("schemaVersion"))
    order = [e.tag for e in package]
    assert order == [t for t in ("vendor", "name", "description", "url", "releases", "keywords", "taxonomy", "components") if t in order] and "releases" in order
    vendor, name = package.findtext("vendor"), package.findtext("name")
    assert os.path.basename(description) == f"{vendor}.{name}.pdsc" and re.match(r"^[\-_A-Za-z0-9]+$", name) and package.findtext("url").endswith("/")
    release = package.find("releases/release")
    assert SEMVER.match(release.get("version")) and release.text
    for component in package.findall("components/component"):
        assert {"Cclass", "Cgroup", "Cversion"} <= set(component.attrib) and [e.tag for e in component] == ["description", "files"]
        for file in component.findall("files/file"):
            assert file.get("category") in ("header", "sourceC") and os.path.exists(os.path.join(folder, file.get("name")))
    return ["include"], []


def check_freertos(folder):
    assert "target_link_libraries(kws_task PUBLIC freertos_kernel)" in read(folder, "CMakeLists.txt")
    return ["."], ["kws_task.c"]


def check_cmake(folder):
    with tempfile.TemporaryDirectory() as build:
        for command in (["cmake", "-G", "Ninja", "-S", folder, "-B", build], ["cmake", "--build", build]):
            p = run(*command)
            assert p.returncode == 0, p.stdout + p.stderr
        p = run(os.path.join(build, "kws_example"))
        assert p.returncode == 0 and p.stdout.startswith("kws: 12 layers in "), p.stdout
    return ["."], []


def compile_all(folder, kind, includes, extra):
    sources = [s for s in glob.glob(folder + "/**/*.c", recursive=True) if os.path.basename(s) == "kws.c"]
    assert len(sources) == 1
    sources += [os.path.join(folder, s) for s in extra]
    declarations = os.path.join(DECLARATIONS, kind)
    flags = [f"-I{os.path.join(folder, i)}" for i in includes] + ([f"-isystem{declarations}"] if os.path.isdir(declarations) else [])
    compilers = [c for c in (ARM, RISCV) if shutil.which(c[0])]
    if not compilers:
        skip("no arm-none-eabi-gcc and no riscv64-unknown-elf-gcc")
    for compiler in compilers:
        for source in sources:
            p = run(*compiler, *STRICT, *flags, source)
            assert p.returncode == 0, f"{kind}: {source}\n{p.stderr}"
    return len(sources), [c[0] for c in compilers]


CHECKS = {"arduino": check_arduino, "cmake": check_cmake, "cmsis-pack": check_cmsis_pack, "esp-idf": check_esp_idf, "freertos": check_freertos, "platformio": check_platformio,
          "zephyr": check_zephyr}
for kind, check in CHECKS.items():
    with tempfile.TemporaryDirectory() as folder:
        verge("codegen", MODEL, "--target", "cortex-m4", "--export", kind, "-o", folder)
        for path in glob.glob(folder + "/**/*", recursive=True):
            assert not os.path.isfile(path) or "@" not in re.sub(r"\S+@\S+\.\S+", "", read(path)), f"{path}: a template's mark is left"
        sources, compilers = compile_all(folder, kind, *check(folder))
        print(f"{kind:11} manifest follows the rules; {sources} sources compile with {', '.join(compilers)}", flush=True)

with tempfile.TemporaryDirectory() as folder:
    p = run(VERGE, "codegen", MODEL, "--export", "mbed", "-o", folder)
    assert p.returncode == 2 and "mbed" in p.stderr and all(kind in p.stderr for kind in CHECKS), p.stderr
    assert os.listdir(folder) == []
