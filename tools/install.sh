#!/usr/bin/env bash
# Installs the Debian packages that a job needs and this machine lacks. Says what it does; silent and without root when nothing is missing.
#
#   tools/install.sh quickstart    build the command line
#   tools/install.sh fast          and its tests
#   tools/install.sh full          and the sanitized and cross builds
set -euo pipefail

quickstart=(g++ cmake ninja-build ccache libprotobuf-dev protobuf-compiler libflatbuffers-dev flatbuffers-compiler libjpeg-dev libpng-dev zlib1g-dev
  libarchive-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev libeigen3-dev pkg-config libsodium-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libcpp-httplib-dev)
fast=("${quickstart[@]}" libgtest-dev libgmock-dev libbenchmark-dev python3 python3-venv python3-dev ffmpeg espeak-ng)
full=("${fast[@]}" clang-14 libclang-rt-14-dev g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm gcc-riscv64-unknown-elf
  picolibc-riscv64-unknown-elf qemu-system-misc cppcheck make openssl valgrind
  clang-16 lld-16 wasi-libc libc++-16-dev-wasm32 libclang-rt-16-dev-wasm32 nodejs chromium)

case ${1:-} in
quickstart) wanted=("${quickstart[@]}") ;;
fast) wanted=("${fast[@]}") ;;
full) wanted=("${full[@]}") ;;
*) echo "usage: tools/install.sh quickstart|fast|full" >&2; exit 2 ;;
esac

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
missing=()
for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "needs root or sudo to install: ${missing[*]}" >&2; exit 5; }
  as_root=(sudo)
fi
command -v apt-get >/dev/null || { echo "this script knows Debian and its kin only; install by hand: ${missing[*]}" >&2; exit 5; }
echo "installing with apt-get: ${missing[*]}"
"${as_root[@]}" apt-get -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
