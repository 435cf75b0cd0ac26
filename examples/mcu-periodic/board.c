/* mps2-an386 under QEMU: SysTick, semihosting, vector table and start. */
#include "board.h"

#define CLOCK_MHZ 25u
#define SYST_CSR (*(volatile uint32_t*)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t*)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t*)0xE000E018u)
#define CPACR (*(volatile uint32_t*)0xE000ED88u)
#define COUNTED_DOWN (1u << 16)

extern uint32_t __stack_top, __data_load, __data_start, __data_end, __bss_start, __bss_end;
int main(void);

static volatile uint32_t ticks;
static uint32_t tick_us;

static uint32_t semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void board_print(const char* text) { (void)semihost(0x04, text); }

void board_print_number(uint32_t number) {
  char digits[11];
  char* at = digits + sizeof digits;
  *--at = 0;
  do {
    *--at = (char)('0' + number % 10u);
    number /= 10u;
  } while (number);
  board_print(at);
}

void board_exit(int code) {
  const uint32_t block[2] = {0x20026u, (uint32_t)code}; /* ADP_Stopped_ApplicationExit */
  (void)semihost(0x20, block);
  for (;;) {
  }
}

void board_start_ticks(uint32_t microseconds) {
  tick_us = microseconds;
  SYST_RVR = microseconds * CLOCK_MHZ - 1u;
  SYST_CVR = 0;
  SYST_CSR = 7; /* processor clock, interrupt, on */
}

uint32_t board_microseconds(void) {
  uint32_t before, left;
  do {
    before = ticks;
    left = SYST_CVR;
  } while (before != ticks);
  return before * tick_us + (tick_us - left / CLOCK_MHZ);
}

void board_sleep(void) { __asm volatile("wfi"); }

static void on_tick(void) {
  ++ticks;
  tick();
}

static void on_fault(void) {
  board_print("fault\n");
  board_exit(99);
}

static void on_reset(void) {
  CPACR |= 0xFu << 20;
  const uint32_t* from = &__data_load;
  for (uint32_t* to = &__data_start; to < &__data_end;) *to++ = *from++;
  for (uint32_t* to = &__bss_start; to < &__bss_end;) *to++ = 0;
  board_exit(main());
}

__attribute__((section(".vectors"), used)) static const void* const kVectors[16] = {
    &__stack_top, (const void*)on_reset, (const void*)on_fault, (const void*)on_fault, (const void*)on_fault, (const void*)on_fault, (const void*)on_fault, 0, 0, 0, 0,
    (const void*)on_fault, (const void*)on_fault, 0, (const void*)on_fault, (const void*)on_tick};
