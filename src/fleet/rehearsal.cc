#include "fleet/rehearsal.h"

#include <random>

#include "fleet/registry.h"

namespace verge::fleet {
namespace {

constexpr int kMostRounds = 2000;

class Rollout {
 public:
  Rollout(Registry& registry, const std::vector<std::string>& names, const std::vector<bool>& agrees, const RehearsalOptions& options, std::mt19937_64& random)
      : registry_(registry), names_(names), agrees_(agrees), options_(options), random_(random), told_(names.size()) {}

  Result<void> run(int number, Rehearsal& into) {
    Deployment d;
    d.hash = "rehearsal" + std::to_string(number);
    d.target = d.hash;
    d.version = number + 1;
    d.percent = 100;
    d.agreement = options_.expected;
    VERGE_TRY(d.id, registry_.deploy(d, "rehearsal", 0));
    bool over = false;
    for (int round = 0; round < kMostRounds && !over; ++round) {
      for (size_t i = 0; i < names_.size() && !over; ++i) {
        VERGE_TRY(over, visit(i, d, into));
      }
    }
    return registry_.steer(d.id, "abort", "rehearsal", 0);
  }

 private:
  struct Told {
    int64_t runs = 0, agreed = 0;
  };

  // A device's check-in: who is offered the release runs it in the shadow and tells of it the next time. True when the gate has spoken.
  Result<bool> visit(size_t i, const Deployment& d, Rehearsal& into) {
    VERGE_TRY(const auto wanted, registry_.desired(names_[i], ""));
    if (!wanted || wanted->hash != d.hash) return false;
    Told& told = told_[i];
    reached_ += told.runs == 0;
    for (int k = 0; k < options_.runs_a_report; ++k) ++told.runs, told.agreed += agrees_[random_() % agrees_.size()];
    Report r;
    r.shadow = d.hash;
    r.shadow_runs = told.runs;
    r.shadow_agreed = told.agreed;
    VERGE_CHECK(registry_.check_in(names_[i], r, 0));
    return spoken(d.id, into);
  }

  Result<bool> spoken(int64_t id, Rehearsal& into) {
    VERGE_TRY(const auto now, registry_.deployment(id));
    const bool stopped = now.state == "paused", passed = !stopped && judge_agreement(now.agreed, now.runs, now.agreement) == Verdict::kGood;
    if (!stopped && !passed) return false;
    into.stopped += stopped;
    into.passed += passed;
    into.reached.push_back(static_cast<double>(reached_) / static_cast<double>(names_.size()));
    into.runs.push_back(now.runs);
    return true;
  }

  Registry& registry_;
  const std::vector<std::string>& names_;
  const std::vector<bool>& agrees_;
  const RehearsalOptions& options_;
  std::mt19937_64& random_;
  std::vector<Told> told_;
  int64_t reached_ = 0;
};

}  // namespace

Result<Rehearsal> rehearse(const std::vector<bool>& agrees, const RehearsalOptions& options) {
  if (agrees.empty()) return invalid("a rehearsal needs outputs of both models");
  VERGE_TRY(const auto registry, Registry::open(":memory:"));
  std::vector<std::string> names;
  for (int i = 0; i < options.devices; ++i) {
    names.push_back("device" + std::to_string(i));
    VERGE_TRY(const std::string token, registry->make_enrolment_token(0));
    VERGE_CHECK(registry->enrol(token, names.back(), 0));
  }
  Rehearsal out;
  std::mt19937_64 random(options.seed);
  for (int k = 0; k < options.rollouts; ++k) VERGE_CHECK(Rollout(*registry, names, agrees, options, random).run(k, out));
  return out;
}

}  // namespace verge::fleet
