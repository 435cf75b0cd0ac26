/* The little that the example asks of a board: time, sleep, and words to the host. Here: QEMU's mps2-an386 (Cortex-M4, 25 MHz). */
#ifndef BOARD_H
#define BOARD_H
#include <stdint.h>

/* Calls tick() every `microseconds` from an interrupt. At most 600,000. */
void board_start_ticks(uint32_t microseconds);
/* Microseconds since board_start_ticks(), to a fraction of a tick. */
uint32_t board_microseconds(void);
/* Sleeps until an interrupt. */
void board_sleep(void);
void board_print(const char* text);
void board_print_number(uint32_t number);
void board_exit(int code);

/* The application's. */
void tick(void);
#endif
