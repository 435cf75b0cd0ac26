/* The same with a tensor that is added before the bounds. */
typedef vg_product_f32 vg_product_sum_f32;

static void vg_product_sum_f32_run(const vg_product_sum_f32 *p, const void *in, const void *residual, void *out) {
  vg_product_f32_all(p, (const float *)in, (const float *)residual, (float *)out);
}
