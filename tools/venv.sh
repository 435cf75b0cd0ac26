#!/usr/bin/env bash
# Makes build/venv with the packages of tools/requirements.txt, or leaves it alone when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=build/venv/requirements.txt
cmp -s tools/requirements.txt $stamp && exit 0
python3 -m venv --clear build/venv
build/venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
build/venv/bin/pip install --quiet --disable-pip-version-check --no-deps tokenizers==0.23.3  # it asks for a client of a hub that nothing here uses
cp tools/requirements.txt $stamp
