#!/usr/bin/env bash
# From the binary to a first device that runs a model, over HTTPS on this machine: three commands.
#
#   examples/first-device.sh [MODEL]        MODEL: an .onnx or .tflite file (default: the inspection model of this repository)
#
# Ends with the fleet's status and exit status 0 when the device runs the model, healthy, within 60 seconds. Everything lies in a temporary folder.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
verge=${VERGE_BUILD:-$root/build/release}/verge
model=${1:-$root/models/inspection/inspection.onnx}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$work"' EXIT
port=${PORT:-0}
begin=$SECONDS

"$verge" convert "$model" --golden -o "$work/model.vpk"                                                     # 1
"$verge" fleet serve --folder "$work/fleet" --model "$work/model.vpk" --port "$port" --for 60 >"$work/log" &  # 2
server=$!
until address=$(sed -n 's/^serving \(https:[^,]*\),.*/\1/p' "$work/log") && [ -n "$address" ]; do
  kill -0 "$server" || { cat "$work/log"; exit 1; }
  sleep 0.1
done
"$verge" agent --folder "$work/device" --server "$address" --ca "$work/fleet/authority/ca.pem" --token "@$work/fleet/token" --device first --once  # 3

cat "$work/log"
"$verge" fleet status --folder "$work/fleet" | tee "$work/status"
grep -q '^first  *version 1  *idle  *HEALTHY' "$work/status"
seconds=$((SECONDS - begin))
echo "$seconds s"
[ "$seconds" -le 60 ]
