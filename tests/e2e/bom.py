"""A package's bill of materials and provenance: the official CycloneDX 1.6 schema accepts the first, both name the files by their hashes, and neither depends on when it is made."""
import hashlib
import json
import os
import tempfile

from support import INSPECTION, VERGE, need, run, verge

need("cyclonedx")
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def digest(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


with tempfile.TemporaryDirectory() as tmp:
    model = f"{tmp}/model.vpk"
    verge("convert", INSPECTION, "-o", model)
    text = verge("inspect", model, "--bom")
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error
    assert verge("inspect", model, "--bom") == text
    component = json.loads(text)["metadata"]["component"]
    assert component["type"] == "machine-learning-model" and component["hashes"][0]["content"] == digest(model), component
    ancestor = component["pedigree"]["ancestors"][0]
    assert ancestor["name"] == os.path.basename(INSPECTION) and ancestor["hashes"][0]["content"] == digest(INSPECTION), ancestor
    assert len(component["modelCard"]["modelParameters"]["inputs"]) == 1, component
    damaged = json.loads(text)
    damaged["metadata"]["component"]["type"] = "model"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(damaged)) is not None, "the validator refuses what is wrong"

    statement = json.loads(verge("inspect", model, "--provenance"))
    assert statement["subject"][0]["digest"]["sha256"] == digest(model)
    assert statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["sha256"] == digest(INSPECTION)
    pictures, recipe, trained = f"{tmp}/pictures", f"{tmp}/recipe.yaml", f"{tmp}/trained.vpk"
    verge("data", "make", "inspection", "--count", "4", "--size", "32", "-o", pictures)
    open(recipe, "w").write("{model: lenet5, input: {size: [32, 32, 3]}, epochs: 1, batch: 4}")
    verge("train", recipe, "--data", pictures, "-o", trained)
    lines = sorted((os.path.relpath(os.path.join(d, f), pictures), digest(os.path.join(d, f))) for d, _, files in os.walk(pictures) for f in files)
    listing = "".join(f"{hash}  {name}\n" for name, hash in lines)
    data = next(d for d in json.loads(verge("inspect", trained, "--provenance"))["predicate"]["buildDefinition"]["resolvedDependencies"] if d["name"] == "training data")
    assert data["digest"]["sha256"] == hashlib.sha256(listing.encode()).hexdigest(), "what sha256sum says of the files"
    p = run(VERGE, "inspect", INSPECTION, "--bom")
    assert p.returncode == 2 and "no package" in p.stderr, p.stderr
print("CycloneDX 1.6 and in-toto, from the package's own facts")
