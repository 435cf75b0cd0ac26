# Sourced by quickstart and check: named steps with elapsed time, output kept in $log and shown only when a step fails.

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }
say() { printf '[%5s] %s\n' "$(clock)" "$*"; }

die() {
  say "failed: $1"
  echo "        the last lines of $log:"
  tail -n 40 "$log"
  exit 1
}

# step "what it does" command...
step() {
  local what=$1
  shift
  say "$what"
  echo "\$ $*" >>"$log"
  "$@" >>"$log" 2>&1 || die "$what"
}

# build PRESET [TARGET...] builds an already configured preset and reports its progress.
build() {
  local preset=$1
  shift
  local targets="${*:-everything}"
  say "building $targets (preset $preset, $(nproc) jobs)"
  NINJA_STATUS='%f/%t ' ninja -C "build/$preset" -j "$(nproc)" "$@" 2>&1 | tee -a "$log" | build_progress
  [ "${PIPESTATUS[0]}" = 0 ] || die "building $targets"
}

# Reads ninja's lines; on a terminal one line that moves, elsewhere a line each half minute.
build_progress() {
  local line next=$((SECONDS + 30))
  while IFS= read -r line; do
    [[ $line =~ ^[0-9]+/[0-9]+\  ]] || continue
    if [ -t 1 ]; then
      printf '\r[%5s]   %s files' "$(clock)" "${line%% *}"
    elif [ $SECONDS -ge $next ]; then
      say "  ${line%% *} files"
      next=$((SECONDS + 30))
    fi
  done
  [ ! -t 1 ] || printf '\r%40s\r' ''
}
