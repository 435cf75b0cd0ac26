#include <cstdio>

#include "kernels/binary_bf16/binary_bf16.h"
#include "kernels/binary_i8/binary_i8.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/depthwise_bf16/depthwise_bf16.h"
#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/elementwise/binary_f32.h"
#include "kernels/elementwise/unary_f32.h"
#include "kernels/bf16/bf16.h"
#include "kernels/gates/gates_f32.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/lut/lut_i8.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/pool_i8/pool_i8.h"
#include "kernels/quantize_i8/quantize_i8.h"
#include "kernels/reduce/reduce_f32.h"
#include "kernels/requant/requant.h"
#include "kernels/softmax/softmax_f32.h"
#include "kernels/softmax_bf16/softmax_bf16.h"
#include "kernels/sparse/sparse_f32.h"
#include "kernels/transpose/interleave3.h"
#include "kernels/unary_bf16/unary_bf16.h"
#include "verge/command.h"
#include "verge/layer_candidates.h"

namespace verge::cli {
namespace {

// A family's list with the kernel that this processor takes marked: the first that it can run.
template <typename List> Json family(const char* name, const List& list) {
  Json out = {{"family", name}, {"kernels", Json::array()}};
  bool chosen = false;
  for (const auto& kernel : list) {
    const bool runs = cpu_has(kernel.isa);
    out["kernels"].push_back({{"name", kernel.name}, {"isa", isa_name(kernel.isa)}, {"runs_here", runs}, {"chosen", runs && !chosen}});
    chosen = chosen || runs;
  }
  return out;
}

Json all_families() {
  return Json::array({family("igemm_f32", igemm_f32_kernels()), family("igemm_even_f32", igemm_even_f32_kernels()), family("gates_f32", gates_f32_kernels()), family("sparse_f32", sparse_f32_kernels()), family("gemm_bf16", gemm_bf16_kernels()), family("bf16", bf16_kernels()), family("depthwise_bf16", depthwise_bf16_kernels()), family("pool_bf16", pool_bf16_kernels()),
                      family("softmax_bf16", softmax_bf16_kernels()), family("unary_bf16", unary_bf16_kernels()), family("binary_bf16", binary_bf16_kernels()), family("depthwise_f32", depthwise_f32_kernels()), family("depthwise_f32_lines", depthwise_f32_lines_kernels()), family("pool_f32", pool_f32_kernels()),
                      family("unary_f32", unary_f32_kernels()), family("binary_f32", binary_f32_kernels()), family("reduce_f32", reduce_f32_kernels()),
                      family("softmax_f32", softmax_f32_kernels()), family("gemm_i8", gemm_i8_kernels()), family("depthwise_i8", depthwise_i8_kernels()),
                      family("pool_i8", pool_i8_kernels()), family("binary_i8", binary_i8_kernels()), family("lut_i8", lut_i8_kernels()),
                      family("interleave3", interleave3_kernels()), family("quantize_i8", quantize_kernels()), family("requant", requant_kernels())});
}

void print_families(const Json& families) {
  for (const Json& f : families) {
    std::puts(f["family"].get<std::string>().c_str());
    for (const Json& k : f["kernels"])
      std::printf("  %s %-34s %-11s%s\n", k["chosen"].get<bool>() ? "->" : "  ", k["name"].get<std::string>().c_str(), k["isa"].get<std::string>().c_str(),
                  k["runs_here"].get<bool>() ? "" : "not on this processor");
  }
}

Result<void> show_layer(const std::string& text, bool json) {
  VERGE_TRY(const LayerShape shape, parse_layer(text));
  VERGE_TRY(const std::vector<LayerCandidate> candidates, time_layer(shape));
  const double macs = 1.0 * ((shape.height - 1) / shape.stride + 1) * ((shape.width - 1) / shape.stride + 1) * shape.in * shape.out * shape.kernel_h * shape.kernel_w;
  Json lines = Json::array();
  for (const LayerCandidate& c : candidates)
    lines.push_back({{"form", c.form}, {"algorithm", c.algorithm}, {"kernel", c.kernel}, {"isa", c.isa}, {"min_ms", c.min_ms}, {"chosen", c.chosen}});
  if (json) return print_json({{"layer", text}, {"macs", macs}, {"candidates", lines}, {"label", "measured"}}), done();
  std::printf("%s, 1 thread, measured on this machine\n", text.c_str());
  for (const LayerCandidate& c : candidates)
    std::printf("  %s %-5s %-9s %-34s %9.4f ms %8.0f GMAC/s\n", c.chosen ? "->" : "  ", c.form.c_str(), c.algorithm.c_str(), c.kernel.c_str(), c.min_ms, macs / c.min_ms / 1e6);
  return done();
}

}  // namespace

void add_kernels(CLI::App& app, Commands& commands) {
  auto json = std::make_shared<bool>(false);
  auto layer = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("kernels", "The kernels of this build, the ones chosen on this processor marked (VERGE_ISA_CAP=avx2 caps them); with a layer, every way to compute it, timed\n\nExample: verge kernels 56x56x64:64:3x3");
  sub->add_option("layer", *layer, "a layer: HEIGHTxWIDTHxINPUTS:OUTPUTS[:KERNEL[:STRIDE]], as in 56x56x64:64:3x3, or ROWSxINPUTS:OUTPUTS, as in 128x384:1536");
  sub->add_flag("--json", *json, "print the result as JSON");
  commands.push_back({sub, [json, layer]() -> Result<void> {
                        if (!layer->empty()) return show_layer(*layer, *json);
                        if (*json) {
                          print_json(all_families());
                        } else {
                          print_families(all_families());
                        }
                        return done();
                      }});
}

}  // namespace verge::cli
