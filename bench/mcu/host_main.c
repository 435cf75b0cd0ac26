/* Runs what implements bench.h on this machine: host CASES OUTPUTS, inputs back to back, outputs likewise. */
#include <stdio.h>

#include "bench.h"

int main(int argc, char **argv) {
  size_t in_bytes, out_bytes;
  if (argc != 3 || bench_init()) return 2;
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  if (!in || !out) return 3;
  for (;;) {
    void *to = bench_input(&in_bytes);
    if (fread(to, 1, in_bytes, in) != in_bytes) break;
    if (bench_run()) return 4;
    const void *from = bench_output(&out_bytes);
    if (fwrite(from, 1, out_bytes, out) != out_bytes) return 5;
  }
  return fclose(out);
}
