// A FreeRTOS task that runs the model in a fixed period and counts missed deadlines. Memory is static; the kernel and its configuration are the application's.
#include "codegen/exports/exports.h"

namespace verge::codegen {

const Export& freertos_export() {
  static const Export kExport{"freertos", "a periodic FreeRTOS task with a deadline monitor", "", "", {
{"CMakeLists.txt", R"(# The model @NAME@ as a FreeRTOS task. The application brings the target `freertos_kernel` (FreeRTOS-Kernel's own CMake files make it).
cmake_minimum_required(VERSION 3.16)
project(@NAME@_task VERSION @VERSION@ LANGUAGES C)

add_library(@NAME@_task STATIC @NAME@.c @NAME@_task.c)
target_include_directories(@NAME@_task PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(@NAME@_task PUBLIC c_std_99)
target_compile_options(@NAME@_task PRIVATE -O2)
target_link_libraries(@NAME@_task PUBLIC freertos_kernel)
)"},
{"@NAME@_task.h", R"(/* The model @NAME@ as a periodic FreeRTOS task. Wants configSUPPORT_STATIC_ALLOCATION 1 and INCLUDE_xTaskDelayUntil 1. */
#ifndef @MACRO@_TASK_H
#define @MACRO@_TASK_H
#include "FreeRTOS.h"
#include "@NAME@.h"
#include "task.h"

/* Words of the task's stack; the model itself needs little (see the report of `verge codegen`). */
#ifndef @MACRO@_TASK_STACK
#define @MACRO@_TASK_STACK 512
#endif

typedef struct {
  TickType_t period;              /* from one start to the next */
  TickType_t deadline;            /* from a start to its end, at most the period */
  void (*read)(int8_t *arena);    /* puts the inputs into the arena, at the offsets that @NAME@.h names */
  void (*use)(const int8_t *arena); /* takes the outputs out of it */
  void (*missed)(TickType_t late);  /* a run ended `late` ticks after its deadline; may be 0 */
} @NAME@_task_options;

typedef struct {
  uint32_t runs, misses;
  TickType_t longest;
} @NAME@_task_statistics;

/* Starts the task; `options` must live as long as it does. Once only: memory is static. */
TaskHandle_t @NAME@_task_start(const @NAME@_task_options *options, UBaseType_t priority);
/* A copy taken while no run updates it. */
@NAME@_task_statistics @NAME@_task_read_statistics(void);
#endif
)"},
{"@NAME@_task.c", R"(#include "@NAME@_task.h"

static int8_t arena[@MACRO@_ARENA_BYTES] __attribute__((aligned(16)));
static StackType_t stack[@MACRO@_TASK_STACK];
static StaticTask_t control;
static @NAME@_task_statistics statistics;

static void account(const @NAME@_task_options *options, TickType_t took) {
  taskENTER_CRITICAL();
  ++statistics.runs;
  if (took > statistics.longest) statistics.longest = took;
  if (took > options->deadline) ++statistics.misses;
  taskEXIT_CRITICAL();
  if (took > options->deadline && options->missed) options->missed(took - options->deadline);
}

static void body(void *parameter) {
  const @NAME@_task_options *options = (const @NAME@_task_options *)parameter;
  @NAME@_context context = {arena, 0, 0};
  TickType_t start = xTaskGetTickCount();
  for (;;) {
    options->read(arena);
    @NAME@_run(&context);
    options->use(arena);
    account(options, xTaskGetTickCount() - start);
    (void)xTaskDelayUntil(&start, options->period);
  }
}

TaskHandle_t @NAME@_task_start(const @NAME@_task_options *options, UBaseType_t priority) {
  return xTaskCreateStatic(body, "@NAME@", @MACRO@_TASK_STACK, (void *)options, priority, stack, &control);
}

@NAME@_task_statistics @NAME@_task_read_statistics(void) {
  taskENTER_CRITICAL();
  const @NAME@_task_statistics copy = statistics;
  taskEXIT_CRITICAL();
  return copy;
}
)"},
  }};
  return kExport;
}

}  // namespace verge::codegen
