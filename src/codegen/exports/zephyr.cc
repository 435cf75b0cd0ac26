// A Zephyr module (https://docs.zephyrproject.org/latest/develop/modules.html): add its path to ZEPHYR_EXTRA_MODULES, or to a west manifest.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& zephyr_export() {
  static const Export kExport{"zephyr", "a Zephyr module and a sample", "src/", "include/", {
{"zephyr/module.yml", R"(name: verge_@NAME@
build:
  cmake: zephyr
  kconfig: zephyr/Kconfig
samples:
  - samples
)"},
{"zephyr/CMakeLists.txt", R"(if(CONFIG_VERGE_@MACRO@)
  zephyr_library_named(verge_@NAME@)
  zephyr_include_directories(../include)
  zephyr_library_sources(../src/@NAME@.c)
  # The kernels are written for the optimiser, whatever the image's own level.
  zephyr_library_compile_options(-O2)
endif()
)"},
{"zephyr/Kconfig", R"(config VERGE_@MACRO@
	bool "The neural network @NAME@ as plain C"
	help
	  Generated from @SOURCE@ for @TARGET@. No heap, no interpreter; memory is known before flashing.
)"},
{"samples/run/CMakeLists.txt", R"(cmake_minimum_required(VERSION 3.20.0)
list(APPEND ZEPHYR_EXTRA_MODULES ${CMAKE_CURRENT_SOURCE_DIR}/../..)
find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})
project(@NAME@_run)
target_sources(app PRIVATE src/main.c)
)"},
{"samples/run/prj.conf", "CONFIG_VERGE_@MACRO@=y\n"},
{"samples/run/sample.yaml", R"(sample:
  name: @NAME@
  description: Runs the neural network @NAME@
tests:
  sample.verge.@NAME@:
    harness: console
    harness_config:
      type: one_line
      regex:
        - "@NAME@: [0-9]+ us"
)"},
{"samples/run/src/main.c", R"(/* Runs the model once and prints how long it took. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "@NAME@.h"

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));

int main(void) {
  @NAME@_context context = {arena, 0, 0};
  const uint32_t start = k_cycle_get_32();
  @NAME@_run(&context); /* inputs lie in the arena at the offsets that @NAME@.h names */
  printk("@NAME@: %u us\n", k_cyc_to_us_floor32(k_cycle_get_32() - start));
  return 0;
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
