#include <cstdio>

#include "core/text.h"
#include "packaging/delta_make.h"
#include "packaging/package_file.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct DeltaOptions {
  std::string base, next, output;
  uint64_t most_bytes = uint64_t{1} << 30;
  bool json = false;
};

Result<void> make(const DeltaOptions& o) {
  VERGE_TRY(const PackageFile base, open_package(o.base, Verify::kFull));
  VERGE_TRY(const PackageFile next, open_package(o.next, Verify::kFull));
  VERGE_TRY(const Delta delta, make_delta(base.mapping->bytes(), next.mapping->bytes()));
  VERGE_CHECK(write_file(o.output, delta.bytes));
  const size_t full = next.mapping->bytes().size(), bytes = delta.bytes.size();
  if (o.json) {
    print_json({{"delta", o.output},
                {"bytes", bytes},
                {"full_bytes", full},
                {"uses_base", delta.uses_base},
                {"tensors", delta.tensors},
                {"tensors_moved", delta.tensors_moved}});
    return done();
  }
  std::printf("wrote %s: %s bytes instead of %s, %llu of %llu tensors moved\n", o.output.c_str(), with_commas(static_cast<int64_t>(bytes)).c_str(),
              with_commas(static_cast<int64_t>(full)).c_str(), static_cast<unsigned long long>(delta.tensors_moved),
              static_cast<unsigned long long>(delta.tensors));
  if (!delta.uses_base) std::printf("the base does not help: the new model was not fine-tuned from it; start its training from the deployed model\n");
  return done();
}

Result<void> apply(const DeltaOptions& o) {
  VERGE_CHECK(apply_delta_files(o.base, o.next, o.output, o.most_bytes), "delta '" + o.next + "' on '" + o.base + "'");
  std::printf("wrote %s\n", o.output.c_str());
  return done();
}

}  // namespace

void add_delta(CLI::App& app, Commands& commands) {
  CLI::App* delta = app.add_subcommand("delta", "What turns one package into its successor")->require_subcommand(1);
  auto making = std::make_shared<DeltaOptions>();
  CLI::App* sub = delta->add_subcommand("make", "Write the difference of two packages\n\nExample: verge delta make deployed.vpk next.vpk -o next.vgd");
  sub->add_option("base", making->base, "the package that the device has")->required();
  sub->add_option("next", making->next, "the package that it shall have")->required();
  sub->add_option("-o,--output", making->output, "the delta")->required();
  sub->add_flag("--json", making->json, "print the result as JSON");
  commands.push_back({sub, [making] { return make(*making); }});

  auto applying = std::make_shared<DeltaOptions>();
  sub = delta->add_subcommand("apply",
                              "Make the successor from base and delta, within 1 MB of memory\n\nExample: verge delta apply deployed.vpk next.vgd -o next.vpk");
  sub->add_option("base", applying->base, "the package that the device has")->required();
  sub->add_option("delta", applying->next, "what  verge delta make  wrote")->required();
  sub->add_option("-o,--output", applying->output, "the new package")->required();
  sub->add_option("--most-bytes", applying->most_bytes, "refuse a larger result (default: 1 GB)");
  commands.push_back({sub, [applying] { return apply(*applying); }});
}

}  // namespace verge::cli
