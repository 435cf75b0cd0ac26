#include <cstdio>

#include "kernels/binary_i8/binary_i8.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/elementwise/binary_f32.h"
#include "kernels/elementwise/unary_f32.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/lut/lut_i8.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/pool_i8/pool_i8.h"
#include "kernels/quantize_i8/quantize_i8.h"
#include "kernels/reduce/reduce_f32.h"
#include "kernels/requant/requant.h"
#include "kernels/softmax/softmax_f32.h"
#include "kernels/transpose/interleave3.h"
#include "verge/command.h"

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
  return Json::array({family("igemm_f32", igemm_f32_kernels()), family("depthwise_f32", depthwise_f32_kernels()), family("pool_f32", pool_f32_kernels()),
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

}  // namespace

void add_kernels(CLI::App& app, Commands& commands) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("kernels", "The kernels of this build, the ones chosen on this processor marked (VERGE_ISA_CAP=avx2 caps them)\n\nExample: verge kernels");
  sub->add_flag("--json", *json, "print the result as JSON");
  commands.push_back({sub, [json]() -> Result<void> {
                        if (*json) {
                          print_json(all_families());
                        } else {
                          print_families(all_families());
                        }
                        return done();
                      }});
}

}  // namespace verge::cli
