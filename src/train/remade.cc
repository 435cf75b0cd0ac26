#include "train/remade.h"

#include <algorithm>
#include <cstring>

#include "exec/op_codes.h"
#include "lower/executable.h"
#include "ops/op.h"

namespace verge::train {
namespace {

constexpr double kTimeOfMac = 1, kTimeOfByte = 4;  // about: what counts is their ratio
constexpr int kMostRounds = 12;

struct Life {
  size_t bytes = 0, first = 0, last = 0;  // places in the graph's order
};

// What a training graph keeps alive, node by node; states lie elsewhere.
struct Profile {
  std::vector<Life> lives;    // by ValueId::index
  std::vector<size_t> alive;  // bytes at each place

  explicit Profile(const TrainingGraph& training) : lives(training.graph.value_count()), alive(training.graph.order().size()) {
    const Graph& g = training.graph;
    std::vector<bool> apart(lives.size());
    for (const StateBinding& s : training.states) apart[s.value.index] = s.next.valid() ? apart[s.next.index] = true : true;
    for (size_t at = 0; at < alive.size(); ++at) {
      const Node& node = g.node(g.order()[at]);
      for (ValueId v : node.outputs)
        if (!apart[v.index]) lives[v.index] = {dtype_bytes(g.type(v).dtype, static_cast<size_t>(g.type(v).shape().count())), at, at};
      for (ValueId v : node.inputs)
        if (v.valid()) lives[v.index].last = at;
    }
    for (ValueId v : g.outputs()) lives[v.index].last = alive.size() - 1;
    for (const Life& life : lives)
      for (size_t at = life.first; life.bytes > 0 && at <= life.last; ++at) alive[at] += life.bytes;
  }

  size_t most() const { return *std::max_element(alive.begin(), alive.end()); }
  // Bytes above the target, over all places.
  double excess(double target) const {
    double sum = 0;
    for (size_t bytes : alive) sum += std::max(0.0, static_cast<double>(bytes) - target);
    return sum;
  }
};

class Chooser {
 public:
  Chooser(const Graph& network, TrainingOptions options, size_t most_bytes, int threads) : network_(network), o_(std::move(options)), most_(most_bytes), threads_(threads) {}

  Result<TrainingOptions> run() {
    VERGE_TRY(size_t bytes, session_bytes());
    if (bytes <= most_) return o_;
    VERGE_TRY(Profile profile, profiled(o_));
    const double share = static_cast<double>(profile.most()) / static_cast<double>(bytes);
    target_ = static_cast<double>(most_) * share;
    for (int round = 0; round < kMostRounds && bytes > most_; ++round) {
      bool smaller = true;
      while (smaller && profile.excess(target_) > 0) {
        VERGE_TRY(smaller, improve(profile));
      }
      VERGE_TRY(bytes, session_bytes());
      if (!smaller) break;
      if (bytes > most_) target_ *= std::min(0.98, static_cast<double>(most_) / static_cast<double>(bytes));
    }
    return o_;
  }

 private:
  Result<Profile> profiled(const TrainingOptions& options) const {
    VERGE_TRY(const TrainingGraph training, make_training_graph(network_, options));
    return Profile(training);
  }

  struct alignas(rt::kAlignment) Line {
    uint8_t bytes[rt::kAlignment];
  };

  // Without a session: its memory must not count towards the peak that is to be kept low.
  Result<size_t> session_bytes() const {
    VERGE_TRY(const TrainingGraph training, make_training_graph(network_, o_));
    VERGE_TRY(const Lowered lowered, lower(training.graph, {threads_}, training.states));
    std::vector<Line> aligned((lowered.program.size() + sizeof(Line) - 1) / sizeof(Line));
    std::memcpy(aligned.data(), lowered.program.data(), lowered.program.size());
    rt::Model model;
    if (const Status s = rt::Model::open(aligned.data(), lowered.program.size(), exec::training_table(), &model); !s.ok()) return open_error(s, {});
    return model.session_bytes();
  }

  // Forward values that are alive where the most is, and only kept there; the cheapest for its bytes first.
  Result<std::vector<ValueId>> candidates(const Profile& profile) const {
    VERGE_TRY(const TrainingGraph training, make_training_graph(network_, o_));
    const Graph& g = training.graph;
    const auto worst = static_cast<size_t>(std::max_element(profile.alive.begin(), profile.alive.end()) - profile.alive.begin());
    std::vector<std::pair<double, ValueId>> found;
    for (size_t at = 0; at < std::min(worst, training.forward_nodes); ++at) {
      const Node& node = g.node(g.order()[at]);
      const ops::Cost cost = ops::cost_of(g, node);
      for (ValueId v : node.outputs) {
        const Life& life = profile.lives[v.index];
        if (life.bytes == 0 || life.last < std::max(worst, training.forward_nodes) || o_.remade.count(v.index) || g.is_output(v)) continue;
        const double time = kTimeOfMac * static_cast<double>(cost.macs) + kTimeOfByte * static_cast<double>(cost.activation_bytes);
        found.emplace_back(time / static_cast<double>(life.bytes), v);
      }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<ValueId> out;
    for (const auto& [time, v] : found) out.push_back(v);
    return out;
  }

  // One more value is remade, or one is remade more often, where that helps; false: nothing does.
  Result<bool> improve(Profile& profile) {
    VERGE_TRY(const std::vector<ValueId> values, candidates(profile));
    for (ValueId v : values) {
      VERGE_TRY(const bool helps, changed(v.index, Remake::kOnce, profile));
      if (helps) return true;
    }
    const RemadeValues now = o_.remade;
    for (const auto& [index, how] : now) {
      if (how == Remake::kEachTime) continue;
      VERGE_TRY(const bool helps, changed(index, Remake::kEachTime, profile));
      if (helps) return true;
    }
    return false;
  }

  Result<bool> changed(uint32_t value, Remake how, Profile& profile) {
    TrainingOptions more = o_;
    more.remade[value] = how;
    VERGE_TRY(Profile trial, profiled(more));
    if (trial.excess(target_) >= profile.excess(target_)) return false;
    o_ = std::move(more), profile = std::move(trial);
    return true;
  }

  const Graph& network_;
  TrainingOptions o_;
  const size_t most_;
  const int threads_;
  double target_ = 0;
};

}  // namespace

Result<TrainingOptions> fit_into(const Graph& network, TrainingOptions options, size_t most_bytes, int threads) {
  return Chooser(network, std::move(options), most_bytes, threads).run();
}

}  // namespace verge::train
