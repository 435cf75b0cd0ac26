// An ESP-IDF component (https://docs.espressif.com/projects/idf-component-manager): put the folder beneath `components`, or name its path in idf_component.yml.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& esp_idf_export() {
  static const Export kExport{"esp-idf", "an ESP-IDF component and an example application", "", "include/", {
{"CMakeLists.txt", R"(idf_component_register(SRCS "@NAME@.c" INCLUDE_DIRS "include")
# The kernels are written for the optimiser, whatever the project's own level.
target_compile_options(${COMPONENT_LIB} PRIVATE -O2)
)"},
{"idf_component.yml", R"(version: "@VERSION@"
description: "The neural network @NAME@ (@SOURCE@) as plain C"
license: "Apache-2.0"
dependencies:
  idf: ">=5.0"
)"},
{"examples/run/CMakeLists.txt", R"(cmake_minimum_required(VERSION 3.16)
include($ENV{IDF_PATH}/tools/cmake/project.cmake)
project(@NAME@_run)
)"},
{"examples/run/main/CMakeLists.txt", R"(idf_component_register(SRCS "main.c" REQUIRES esp_timer)
)"},
{"examples/run/main/idf_component.yml", R"(dependencies:
  @NAME@:
    path: "../../.."
)"},
{"examples/run/main/main.c", R"(/* Runs the model once and prints how long it took. */
#include <stdio.h>

#include "@NAME@.h"
#include "esp_timer.h"

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));

void app_main(void) {
  @NAME@_context context = {arena, 0, 0};
  const int64_t start = esp_timer_get_time();
  @NAME@_run(&context); /* inputs lie in the arena at the offsets that @NAME@.h names */
  printf("@NAME@: %ld us\n", (long)(esp_timer_get_time() - start));
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
