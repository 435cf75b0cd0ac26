/* From reset to main on a Cortex-M, and what QEMU's semihosting offers: text and an exit status. */
#include <stdint.h>

extern uint32_t data_image, data_begin, data_end, bss_begin, bss_end, stack_top;
int main(void);

static int semihost(int operation, const void *argument) {
  register int r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void print(const char *text) { semihost(4, text); }

void finish(int status) {
  const uint32_t arguments[2] = {0x20026, (uint32_t)status};
  semihost(0x20, arguments);
  for (;;) {
  }
}

static void fault(void) { finish(99); }

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* the floating-point unit on */
  __asm volatile("dsb\n isb" ::: "memory");
  for (uint32_t *from = &data_image, *to = &data_begin; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_begin; to < &bss_end;) *to++ = 0;
  finish(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault};
