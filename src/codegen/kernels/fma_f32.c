/* x * y + z, rounded once where the processor can, as the runtime's kernels for such processors do; else rounded twice, as its portable ones do. */
#if defined(__FP_FAST_FMAF) || (defined(__ARM_FEATURE_FMA) && defined(__ARM_FP)) || defined(__FMA__)
#define VG_FMA(x, y, z) __builtin_fmaf(x, y, z)
#else
#define VG_FMA(x, y, z) ((x) * (y) + (z))
#endif
