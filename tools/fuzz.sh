#!/usr/bin/env bash
# Runs every fuzzer (*_fuzz) of the sanitized build for some seconds each and says which one found something.
#
#   tools/fuzz.sh [SECONDS]        default 30; seeds are tests/corpus/NAME where that folder exists, inputs that fail are kept in build/asan/findings
#
# Ends with the line "N passed, N failed"; exit status 1 when one failed or none was there.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
findings=build/asan/findings
passed=0 failed=0
for fuzzer in build/asan/*_fuzz; do
  [ -x "$fuzzer" ] || continue
  name=$(basename "$fuzzer")
  work=build/asan/corpus/$name
  mkdir -p "$work" "$findings"
  seeds=()
  [ -d "tests/corpus/$name" ] && seeds=("tests/corpus/$name")
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/$name-" "$work" "${seeds[@]}" \
    >"build/asan/$name.log" 2>&1; then
    passed=$((passed + 1))
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/asan/$name.log") inputs in $seconds s"
  else
    failed=$((failed + 1))
    echo "$name: FAILED, see build/asan/$name.log"
    tail -n 20 "build/asan/$name.log"
  fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
