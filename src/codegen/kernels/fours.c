/* A channel's outputs, four at a time: sums of windows, requantised, scattered. */
#if VG_MVE
/* The assembler knows where the fields lie. */
typedef struct {
  const uint32_t *channel; /* multiplier, bias * 32 + shift */
  int32_t zero;
  uint32_t step;         /* bytes between fours in the output */
  uint32_t lanes, whole; /* predicate and number of whole fours */
  uint32_t rest;         /* predicate of the last; 0: there is none */
  uint32_t stride;       /* VG_STRIDED: bytes between windows */
} vg_fours;

/* Sums r0, r2, r4, r6 of windows from x on, which moves on: of one load; of two; of loads 8 bytes apart; of loads `stride` bytes apart. */
#define VG_WIDE(step) \
  "vldrb.8 q0, [%[x]], #" step "\n vmladav.s8 r0, q0, %q[w0]\n vmladav.s8 r2, q0, %q[w1]\n vmladav.s8 r4, q0, %q[w2]\n vmladav.s8 r6, q0, %q[w3]\n"
#define VG_TWOS                                                                                               \
  "vldrb.8 q0, [%[x]], #8\n vmladav.s8 r0, q0, %q[w0]\n vldrb.8 q1, [%[x]], #8\n vmladav.s8 r2, q0, %q[w1]\n" \
  "vmladav.s8 r4, q1, %q[w0]\n vmladav.s8 r6, q1, %q[w1]\n"
#define VG_NARROW                                                                                             \
  "vldrb.8 q0, [%[x]], #8\n vldrb.8 q1, [%[x]], #8\n vmladav.s8 r0, q0, %q[w0]\n vldrb.8 q0, [%[x]], #8\n"    \
  "vmladav.s8 r2, q1, %q[w0]\n vldrb.8 q1, [%[x]], #8\n vmladav.s8 r4, q0, %q[w0]\n vmladav.s8 r6, q1, %q[w0]\n"
#define VG_STRIDED                                                                                            \
  "ldr r6, [%[fours], #24]\n vldrb.8 q0, [%[x]]\n add %[x], r6\n vldrb.8 q1, [%[x]]\n add %[x], r6\n"         \
  "vmladav.s8 r0, q0, %q[w0]\n vldrb.8 q0, [%[x]]\n vmladav.s8 r2, q1, %q[w0]\n add %[x], r6\n"               \
  "vldrb.8 q1, [%[x]]\n add %[x], r6\n vmladav.s8 r4, q0, %q[w0]\n vmladav.s8 r6, q1, %q[w0]\n"
#define VG_CORRECT "vshr.s32 q1, q0, #31\n vadd.i32 q0, q0, q1\n"
#define VG_FINISH(correct)                                                                                    \
  "vmov q0[2], q0[0], r0, r4\n vmov q0[3], q0[1], r2, r6\n vadd.i32 q0, q0, r3\n vqrdmulh.s32 q0, q0, r8\n" correct \
  "vrshl.s32 q0, r10\n vadd.i32 q0, q0, r12\n vqmovnb.s32 q0, q0\n vqmovnb.s16 q0, q0\n"                      \
  "vpst\n vstrbt.32 q0, [%[to], %q[places]]\n add %[to], r5\n"
#define VG_FOURS_AS(sums, correct)                                                                            \
  __asm volatile("ldm %[fours], {r0, r12}\n ldrd r8, r3, [r0]\n ldrd r5, r0, [%[fours], #8]\n ldr r2, [%[fours], #16]\n vmsr p0, r0\n" \
                 "and r10, r3, #31\n lsr r8, r8, #1\n asr r3, r3, #5\n neg r10, r10\n" \
                 "wls lr, r2, 2f\n1:\n" sums VG_FINISH(correct) "le lr, 1b\n"                                 \
                 "2: ldr r0, [%[fours], #20]\n cmp r0, #0\n beq 3f\n vmsr p0, r0\n" sums VG_FINISH(correct) "3:\n" \
                 : [x] "+r"(x), [to] "+r"(to)                                                                 \
                 : [fours] "r"(fours), [places] "w"(places), [w0] "w"(w0), [w1] "w"(w1), [w2] "w"(w2), [w3] "w"(w3) \
                 : "r0", "r2", "r3", "r4", "r5", "r6", "r8", "r10", "r12", "lr", "q0", "q1", "p0", "cc", "memory")
/* `positive`: the output's zero point is -128, so that negative sums need no rounding of their own. */
#define VG_FOURS(sums, positive)     \
  do {                               \
    if (positive) {                  \
      VG_FOURS_AS(sums, "");         \
    } else {                         \
      VG_FOURS_AS(sums, VG_CORRECT); \
    }                                \
  } while (0)
#endif
