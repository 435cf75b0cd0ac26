// An Arduino library, format 1.5 (https://docs.arduino.cc/arduino-cli/library-specification): copy the folder to the sketchbook's libraries.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& arduino_export() {
  static const Export kExport{"arduino", "a library for the Arduino IDE and arduino-cli", "src/", "src/", {
{"library.properties", R"(name=Verge_@NAME@
version=@VERSION@
author=Verge
maintainer=Verge
sentence=The neural network @NAME@ as plain C.
paragraph=Generated from @SOURCE@ for @TARGET@. No heap, no interpreter; memory is known before flashing.
category=Data Processing
url=https://example.com/@NAME@
architectures=*
includes=@NAME@.h
)"},
{"keywords.txt", "@NAME@_context\tKEYWORD1\n@NAME@_run\tKEYWORD2\n@MACRO@_ARENA_BYTES\tLITERAL1\n"},
{"examples/Run/Run.ino", R"(// Runs the model once a second and prints how long it took.
#include <@NAME@.h>

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));
static @NAME@_context context = {arena, 0, 0};

void setup() { Serial.begin(115200); }

void loop() {
  // Inputs go into the arena at the offsets that @NAME@.h names, before each run.
  const unsigned long start = micros();
  @NAME@_run(&context);
  Serial.println(micros() - start);
  delay(1000);
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
