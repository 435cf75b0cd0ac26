#include "verge/bundle.h"

#include <algorithm>
#include <cstdio>

#include "core/text.h"
#include "engine/adaptive.h"
#include "os/clock.h"
#include "os/file.h"
#include "packaging/bundle.h"

namespace verge::cli {
namespace {

struct Options {
  std::vector<std::string> packages;
  std::string bundle, output;
  int switches = 1000;
  bool json = false;
};

Result<void> make(const Options& o) {
  std::vector<Bytes> packages;
  size_t largest = 0, sum = 0;
  for (const std::string& path : o.packages) {
    VERGE_TRY(Bytes bytes, read_file(path));
    largest = std::max(largest, bytes.size());
    sum += bytes.size();
    packages.push_back(std::move(bytes));
  }
  VERGE_TRY(const Bytes bundle, make_bundle(packages));
  VERGE_TRY(const AdaptiveModel model, AdaptiveModel::open(bundle));
  VERGE_CHECK(write_file(o.output, bundle));
  const double beyond = 100.0 * (static_cast<double>(bundle.size()) / static_cast<double>(largest) - 1);
  if (o.json)
    print_json({{"output", o.output}, {"bytes", bundle.size()}, {"largest_package_bytes", largest}, {"all_packages_bytes", sum}, {"percent_beyond_the_largest", beyond}});
  else
    std::printf("wrote %s: %s bytes, %.1f %% beyond the largest package alone (%s); apart they take %s\n", o.output.c_str(), with_commas(static_cast<int64_t>(bundle.size())).c_str(), beyond,
                with_commas(static_cast<int64_t>(largest)).c_str(), with_commas(static_cast<int64_t>(sum)).c_str());
  return done();
}

Result<void> unpack(const Options& o) {
  VERGE_TRY(const Bytes bundle, read_file(o.bundle));
  VERGE_TRY(const std::vector<Bytes> packages, open_bundle(bundle), "'" + o.bundle + "'");
  VERGE_CHECK(make_directories(o.output));
  for (size_t i = 0; i < packages.size(); ++i) {
    const std::string path = o.output + "/" + std::to_string(i) + ".vpk";
    VERGE_CHECK(write_file(path, packages[i]));
    std::printf("wrote %s\n", path.c_str());
  }
  return done();
}

double milliseconds_of(Executable& executable) {
  const double start = now_s();
  (void)executable.run();
  return 1e3 * (now_s() - start);
}

// What a switch costs: the choice itself, and by how much the first run behind it is longer than a warm one (medians).
struct SwitchCost {
  double choice_ms = 0, first_run_ms = 0;
};

SwitchCost switch_cost(AdaptiveModel& model, int switches) {
  std::vector<double> choice, first;
  for (int i = 0; i < switches; ++i) {
    const Conditions now{.battery_percent = i % 2 ? 100.0 : 1.0};
    const size_t before = model.current();
    while (model.current() == before) {  // the way up takes patience
      const double start = now_s();
      model.adapt(now);
      choice.push_back(1e3 * (now_s() - start));
    }
    const double cold = milliseconds_of(model.executable());
    milliseconds_of(model.executable());
    first.push_back(std::max(0.0, cold - milliseconds_of(model.executable())));
  }
  std::sort(choice.begin(), choice.end()), std::sort(first.begin(), first.end());
  return {choice[choice.size() / 2], first[first.size() / 2]};
}

Result<void> bench(const Options& o) {
  VERGE_TRY(const Bytes bundle, read_file(o.bundle));
  VERGE_TRY(AdaptiveModel model, AdaptiveModel::open(bundle), "'" + o.bundle + "'");
  const SwitchCost cost = switch_cost(model, o.switches);
  Json variants = Json::array();
  for (size_t i = 0; i < model.variants(); ++i) variants.push_back({{"name", model.manifest(i).value("name", "")}, {"latency_ms", model.latency_ms(i)}});
  if (o.json) {
    print_json({{"variants", variants}, {"choice_ms", cost.choice_ms}, {"first_run_extra_ms", cost.first_run_ms}});
    return done();
  }
  for (size_t i = 0; i < model.variants(); ++i) std::printf("variant %zu: %.4f ms\n", i, model.latency_ms(i));
  std::printf("a switch: %.5f ms to choose, the first run %.4f ms longer than a warm one (medians of %d)\n", cost.choice_ms, cost.first_run_ms, o.switches);
  return done();
}

}  // namespace

void add_bundle(CLI::App& app, Commands& commands) {
  CLI::App* bundle = app.add_subcommand("bundle", "Variants of a model in one file that shares what they have in common")->require_subcommand(1);
  auto making = std::make_shared<Options>();
  CLI::App* sub = bundle->add_subcommand("make", "Put packages into one file\n\nExample: verge bundle make best.vpk fast.vpk -o model.vpb");
  sub->add_option("packages", making->packages, "the packages, the best first and the cheapest last")->required()->expected(2, static_cast<int>(kMostVariants));
  sub->add_option("-o,--output", making->output, "the bundle")->required();
  sub->add_flag("--json", making->json, "print the result as JSON");
  commands.push_back({sub, [making] { return make(*making); }});

  auto unpacking = std::make_shared<Options>();
  sub = bundle->add_subcommand("unpack", "Write a bundle's packages into a folder\n\nExample: verge bundle unpack model.vpb -o packages");
  sub->add_option("bundle", unpacking->bundle, "the bundle")->required();
  sub->add_option("-o,--output", unpacking->output, "the folder")->required();
  commands.push_back({sub, [unpacking] { return unpack(*unpacking); }});

  auto timing = std::make_shared<Options>();
  sub = bundle->add_subcommand("bench", "Measure the variants and what switching costs\n\nExample: verge bundle bench model.vpb");
  sub->add_option("bundle", timing->bundle, "the bundle")->required();
  sub->add_option("--switches", timing->switches, "how many switches")->default_val(1000)->check(CLI::Range(1, 1000000));
  sub->add_flag("--json", timing->json, "print the result as JSON");
  commands.push_back({sub, [timing] { return bench(*timing); }});
}

}  // namespace verge::cli
