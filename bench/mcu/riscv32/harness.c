/* Runs what implements bench.h on qemu-system-riscv32's virt machine: inputs of cases.bin back to back by semihosting, outputs to outputs.bin, then one line of
 * figures. Instructions are those of the counter that retires them, exact under -icount; stack as far as its paint is gone. */
#include "bench.h"

extern uint32_t __stack_limit[];

__attribute__((naked, section(".text.start"))) void _start(void) {
  __asm volatile(".option push\n.option norelax\nla gp, __global_pointer$\n.option pop\nla sp, __stack_top\nj main\n");
}

static int semihosting(int operation, const void *arguments) {
  register int a0 __asm("a0") = operation;
  register const void *a1 __asm("a1") = arguments;
  __asm volatile(".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop" : "+r"(a0) : "r"(a1) : "memory");
  return a0;
}

static int length(const char *s) {
  int n = 0;
  while (s[n]) ++n;
  return n;
}

static int open_file(const char *name, int mode) {
  const int a[3] = {(int)name, mode, length(name)};
  return semihosting(1, a);
}

/* Bytes that were not read or written. */
static int transfer(int operation, int file, const void *p, size_t n) {
  const int a[3] = {file, (int)p, (int)n};
  return semihosting(operation, a);
}

static void stop(int code) {
  const int a[2] = {0x20026, code};
  semihosting(0x20, a);
  for (;;) {
  }
}

static void put(const char *key, uint32_t v) {
  char text[12];
  int i = 11;
  text[i] = 0;
  do text[--i] = (char)('0' + v % 10), v /= 10;
  while (v);
  semihosting(4, key), semihosting(4, "="), semihosting(4, text + i), semihosting(4, " ");
}

static uint32_t retired(void) {
  uint32_t n;
  __asm volatile("csrr %0, minstret" : "=r"(n));
  return n;
}

static uint32_t *paint(void) {
  uint32_t *p = __stack_limit, *sp;
  __asm volatile("mv %0, sp" : "=r"(sp));
  for (sp -= 16; p < sp; ++p) *(volatile uint32_t *)p = 0xa5a55a5au;
  return sp;
}

static uint32_t used(const uint32_t *from) {
  const volatile uint32_t *p = __stack_limit;
  while (p < from && *p == 0xa5a55a5au) ++p;
  return (uint32_t)((const char *)(from + 16) - (const char *)p);
}

int main(void) {
  size_t in_bytes, out_bytes;
  uint32_t least = 0xffffffffu, most = 0, stack = 0, cases = 0;
  if (bench_init()) stop(2);
  const int in = open_file("cases.bin", 1), out = open_file("outputs.bin", 5);
  if (in < 0 || out < 0) stop(3);
  for (;;) {
    void *to = bench_input(&in_bytes);
    if (transfer(6, in, to, in_bytes)) break;
    const uint32_t *const sp = paint();
    const uint32_t before = retired();
    if (bench_run()) stop(4);
    const uint32_t n = retired() - before, depth = used(sp);
    least = n < least ? n : least, most = n > most ? n : most, stack = depth > stack ? depth : stack;
    const void *from = bench_output(&out_bytes);
    if (transfer(5, out, from, out_bytes)) stop(5);
    ++cases;
  }
  put("cases", cases), put("least", least), put("most", most), put("stack", stack), put("arena", bench_arena_bytes());
  stop(0);
}
