#include "search/search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "core/text.h"
#include "os/thread_pool.h"

namespace verge::search {
namespace {

using train::Examples;
using train::Random;

constexpr int kLonger = 4;  // the last round's training
constexpr size_t kPredicted = 16;
constexpr int kMostTries = 50;  // for a candidate within the budget
constexpr double kNarrowest = 0.25, kWidest = 4, kWidthStep = 1.06;  // of a candidate beside its parent

class Search {
 public:
  Search(const SearchOptions& options, const std::function<void(const std::string&)>& say) : o_(options), say_(say) {}

  Result<SearchOutcome> run() {
    VERGE_CHECK(prepare());
    std::vector<Candidate> parents = {start_};
    for (int generation = 1; generation <= o_.generations; ++generation) {
      for (int i = 0; i < o_.children; ++i) {
        VERGE_TRY(std::optional<Candidate> child, child_of(parents, generation, i));
        if (!child) continue;
        VERGE_CHECK(judge(*child, o_.steps));
        parents.push_back(std::move(*child));
      }
      keep_best(parents, static_cast<size_t>(o_.parents));
    }
    for (Candidate& c : parents) VERGE_CHECK(judge(c, kLonger * o_.steps));
    VERGE_CHECK(judge(start_, kLonger * o_.steps));
    keep_best(parents, 1);
    return outcome(parents[0].score > start_.score ? parents[0] : start_);
  }

 private:
  Result<void> prepare() {
    const train::Recipe& r = o_.fit.recipe;
    if (r.model != "resnet8" && r.model != "staged") return invalid("the search begins with the model resnet8 or staged, the recipe has '" + r.model + "'");
    start_.stages = r.model == "staged" ? r.network.stages : resnet8_stages();
    if (r.network.width != 1) start_.stages = widened(start_.stages, r.network.width, o_.space);
    network_ = r.network;
    network_.width = 1;
    if (network_.input.empty()) network_.input = {32, 32, 3};
    VERGE_TRY(const Examples all, Examples::load({o_.fit.data, network_.input, r.skip_damaged, true}, ThreadPool(o_.fit.threads).parallel_for()));
    VERGE_TRY(std::tie(samples_, judges_), all.split(r.validation));
    network_.classes = static_cast<int64_t>(samples_.class_count());
    VERGE_TRY(start_.cost, cost_of(start_.stages));
    most_ = {o_.most_ram > 0 ? o_.most_ram : start_.cost.ram, o_.most_flash > 0 ? o_.most_flash : start_.cost.flash,
             o_.most_instructions > 0 ? o_.most_instructions : start_.cost.instructions, 0};
    VERGE_CHECK(begin_within());
    return judge(start_, o_.steps);
  }

  // A network that is beyond the budget gives way to narrower ones of its stages.
  Result<void> begin_within() {
    const Stages given = start_.stages;
    for (double width = 1; !within(start_.cost); width *= 0.85) {
      if (width < 0.05) return Error(Code::kBudget, over_budget(start_.cost) + ": no network of these stages keeps it");
      VERGE_TRY(start_, as_wide(given, width));
    }
    return done();
  }

  Result<Candidate> as_wide(const Stages& stages, double width) const {
    Candidate c;
    c.stages = widened(stages, width, o_.space);
    VERGE_TRY(c.cost, cost_of(c.stages), describe(c.stages));
    return c;
  }

  // The widest network of these stages within the budget, so that what is compared costs alike; none where the narrowest is beyond it.
  Result<std::optional<Candidate>> widest(const Stages& stages) const {
    std::optional<Candidate> best;
    for (double low = kNarrowest, high = kWidest; high / low > kWidthStep;) {
      const double width = std::sqrt(low * high);
      VERGE_TRY(Candidate c, as_wide(stages, width));
      const bool keeps = within(c.cost);
      (keeps ? low : high) = width;
      if (keeps) best = std::move(c);
    }
    return best;
  }

  std::string over_budget(const DeviceCost& c) const {
    std::vector<std::string> words;
    const auto compare = [&](const char* what, int64_t has, int64_t most) {
      if (has > most) words.push_back(std::string(what) + " " + with_commas(has) + " where " + with_commas(most) + " are allowed");
    };
    compare("RAM", c.ram, most_.ram), compare("flash", c.flash, most_.flash), compare("instructions", c.instructions, most_.instructions);
    return join(words, ", ");
  }

  Result<DeviceCost> cost_of(const Stages& stages) const {
    train::NetworkOptions network = network_;
    network.stages = stages;
    VERGE_TRY(const Graph graph, train::make_network("staged", network));
    return device_cost(graph, o_.target);
  }

  bool within(const DeviceCost& c) const { return c.ram <= most_.ram && c.flash <= most_.flash && c.instructions <= most_.instructions; }
  bool known(const Stages& stages) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Candidate& c) { return c.stages == stages; });
  }

  // None where no new one within the budget was found.
  Result<std::optional<Candidate>> child_of(const std::vector<Candidate>& parents, int generation, int place) {
    Random random({o_.seed, static_cast<uint64_t>(generation), static_cast<uint64_t>(place)});
    const auto eldest = std::min<size_t>(parents.size(), static_cast<size_t>(o_.parents));
    for (int tries = 0; tries < kMostTries; ++tries) {
      VERGE_TRY(std::optional<Candidate> c, widest(mutated(parents[random.below(eldest)].stages, o_.space, network_.input[0], random)));
      if (c && !known(c->stages)) return c;
    }
    return std::optional<Candidate>();
  }

  Result<void> judge(Candidate& c, int64_t steps) {
    train::FitOptions fit = o_.fit;
    fit.recipe.model = "staged";
    fit.recipe.network = network_;
    fit.recipe.network.stages = c.stages;
    fit.samples = &samples_;
    fit.judges = &judges_;
    fit.most_steps = steps;
    fit.checkpoint.clear();
    VERGE_TRY(const train::FitOutcome trained, train::fit(fit), describe(c.stages));
    c.score = trained.report["history"].back()["top1"].get<double>();
    c.steps = steps;
    all_.push_back(c);
    if (say_)
      say_(format("%5.2f %% after %lld steps, %6s RAM, %6s flash, %5.2f M instructions: ", c.score * 100, static_cast<long long>(steps),
                  human_bytes(static_cast<double>(c.cost.ram)).c_str(), human_bytes(static_cast<double>(c.cost.flash)).c_str(),
                  static_cast<double>(c.cost.instructions) / 1e6) +
           describe(c.stages));
    return done();
  }

  static void keep_best(std::vector<Candidate>& candidates, size_t count) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    candidates.resize(std::min(candidates.size(), count));
  }

  static Json candidate_json(const Candidate& c) {
    return {{"stages", stages_json(c.stages)},     {"top1", c.score},    {"steps", c.steps}, {"ram_bytes", c.cost.ram}, {"flash_bytes", c.cost.flash},
            {"instructions", c.cost.instructions}, {"macs", c.cost.macs}};
  }

  SearchOutcome outcome(const Candidate& best) const {
    SearchOutcome out{start_, best, all_, network_, o_.fit.recipe.source, {}};
    out.recipe["model"] = "staged";
    out.recipe.erase("width");
    out.recipe["stages"] = stages_json(best.stages);
    out.report = {{"target", o_.target},
                  {"limits", {{"ram_bytes", most_.ram}, {"flash_bytes", most_.flash}, {"instructions", most_.instructions}}},
                  {"samples", samples_.size()},
                  {"validation_samples", judges_.size()},
                  {"start", candidate_json(start_)},
                  {"best", candidate_json(best)}};
    for (const Candidate& c : all_) out.report["tried"].push_back(candidate_json(c));
    return out;
  }

  const SearchOptions& o_;
  const std::function<void(const std::string&)>& say_;
  train::NetworkOptions network_;
  Examples samples_, judges_;
  Candidate start_;
  DeviceCost most_;
  std::vector<Candidate> all_;
};

}  // namespace

Result<SearchOutcome> search(const SearchOptions& options, const std::function<void(const std::string&)>& say) { return Search(options, say).run(); }

Result<Json> latency_errors(const SearchOutcome& outcome, int threads) {
  LatencyTable table(threads);
  const std::vector<Candidate> some(outcome.all.begin(), outcome.all.begin() + static_cast<int64_t>(std::min(kPredicted, outcome.all.size())));
  std::vector<double> errors;
  Json lines = Json::array();
  for (const Candidate& c : some) {
    train::NetworkOptions options = outcome.network;
    options.stages = c.stages;
    VERGE_TRY(const Graph graph, train::make_network("staged", options));
    VERGE_TRY(const Graph integers, int8_network(graph));
    VERGE_TRY(const double measured, table.measure_ms(integers));
    VERGE_TRY(const double predicted, table.predict_ms(integers));
    errors.push_back(std::fabs(predicted / measured - 1));
    lines.push_back({{"stages", stages_json(c.stages)}, {"predicted_ms", predicted}, {"measured_ms", measured}});
  }
  std::sort(errors.begin(), errors.end());
  return Json{{"median_error", errors[errors.size() / 2]}, {"largest_error", errors.back()}, {"layers_measured", table.layers()}, {"networks", lines}};
}

}  // namespace verge::search
