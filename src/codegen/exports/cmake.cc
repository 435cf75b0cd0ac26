// A CMake library: add_subdirectory or FetchContent, then link with verge::NAME. STM32CubeIDE, MCUXpresso and the rest that build with CMake take it as it is.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& cmake_export() {
  static const Export kExport{"cmake", "a CMake library and an example", "", "", {
{"CMakeLists.txt", R"(# The model @NAME@ (@SOURCE@) as a library for @TARGET@: link with verge::@NAME@.
cmake_minimum_required(VERSION 3.16)
project(@NAME@ VERSION @VERSION@ LANGUAGES C)

add_library(@NAME@ STATIC @NAME@.c)
add_library(verge::@NAME@ ALIAS @NAME@)
target_include_directories(@NAME@ PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(@NAME@ PUBLIC c_std_99)
# The kernels are written for the optimiser, in a debug build too.
target_compile_options(@NAME@ PRIVATE $<$<C_COMPILER_ID:GNU,Clang,ARMClang>:-O2>)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR AND NOT CMAKE_CROSSCOMPILING)
  add_executable(@NAME@_example example/main.c)
  target_link_libraries(@NAME@_example PRIVATE verge::@NAME@)
endif()
)"},
{"example/main.c", R"(/* Runs the model once on an input of zeros and prints the first bytes of the arena's output. */
#include <stdio.h>

#include "@NAME@.h"

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));

int main(void) {
  @NAME@_context context = {arena, 0, 0};
  @NAME@_run(&context); /* inputs lie in the arena at the offsets that @NAME@.h names */
  printf("@NAME@: %d layers in %d bytes of memory\n", @MACRO@_LAYERS, @MACRO@_ARENA_BYTES);
  return 0;
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
