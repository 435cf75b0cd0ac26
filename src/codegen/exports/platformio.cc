// A PlatformIO library (https://docs.platformio.org/en/latest/manifests/library-json): put the folder beneath a project's `lib`.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& platformio_export() {
  static const Export kExport{"platformio", "a PlatformIO library", "src/", "include/", {
{"library.json", R"({
  "name": "Verge_@NAME@",
  "version": "@VERSION@",
  "description": "The neural network @NAME@ (@SOURCE@) as plain C for @TARGET@",
  "keywords": "machine learning, neural network, verge",
  "license": "Apache-2.0",
  "frameworks": "*",
  "platforms": "*",
  "headers": "@NAME@.h",
  "build": {"flags": "-O2", "includeDir": "include", "srcDir": "src"},
  "examples": [{"name": "run", "base": "examples/run", "files": ["main.c"]}]
}
)"},
{"examples/run/main.c", R"(/* Runs the model once; what it found lies in the arena at the output's offset. */
#include "@NAME@.h"

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));

int main(void) {
  @NAME@_context context = {arena, 0, 0};
  @NAME@_run(&context);
  return 0;
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
