/* A model in a fixed period on bare metal, with a deadline monitor.
 *
 *   tick interrupt, every PERIOD_US: a run is due; when the last one has not ended, its deadline is missed and the due run is dropped
 *   main loop: sleeps, runs the model when it is due, notes the longest run
 *
 * Exit code 0: every run met its deadline; 1: some did not. */
#include "board.h"
#include "model.h"

#ifndef PERIOD_US
#define PERIOD_US 400000u
#endif
#define RUNS 5u

enum state { kIdle, kDue, kBusy };
static volatile enum state state;
static volatile uint32_t misses;

static int8_t arena[MODEL_ARENA_BYTES] __attribute__((aligned(16)));

void tick(void) {
  if (state == kIdle) {
    state = kDue;
  } else {
    ++misses;
  }
}

static void say(const char* what, uint32_t number) {
  board_print(what);
  board_print_number(number);
  board_print("\n");
}

int main(void) {
  model_context context = {arena, 0, 0};
  uint32_t longest_us = 0, runs = 0;
  board_start_ticks(PERIOD_US);
  while (runs + misses < RUNS) {
    while (state != kDue) board_sleep();
    state = kBusy;
    const uint32_t start = board_microseconds();
    for (uint32_t i = 0; i < sizeof arena; ++i) arena[i] = 0; /* where a sensor would write: inputs lie at the offsets that model.h names */
    model_run(&context);
    const uint32_t took = board_microseconds() - start;
    if (took > longest_us) longest_us = took;
    ++runs;
    state = kIdle;
  }
  say("runs ", runs);
  say("missed deadlines ", misses);
  say("longest run, us ", longest_us);
  return misses != 0;
}
