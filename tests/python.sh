#!/bin/sh
# Runs a test with the Python that has the peers (./check makes it), else with the system's.
exec "${VERGE_PYTHON:-python3}" "$@"
