#include "data/heart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/bytes.h"
#include "core/text.h"
#include "data/random.h"
#include "os/file.h"

namespace verge::data {
namespace {

constexpr double kPi = 3.14159265358979324;
constexpr double kMillivolts = 25;  // of the model's height: an R wave of about 1.2 mV
constexpr int kMostRecords = 10000, kMostSeconds = 24 * 3600;
constexpr int kStepsPerMillivolt = 200;

// A wave: its place on the circle, its strength and its width.
struct Wave {
  double place, strength, width;
};
enum { kP, kQ, kR, kS, kT, kWaves };
using Waves = std::array<Wave, kWaves>;

// Table 1 of the paper.
constexpr Waves kHealthy = {{{-kPi / 3, 1.2, 0.25}, {-kPi / 12, -5, 0.1}, {0, 30, 0.1}, {kPi / 12, -7.5, 0.1}, {kPi / 2, 0.75, 0.4}}};

// What is the same throughout a record.
struct Heart {
  Waves waves;
  double gap;                                 // seconds between beats, on average
  double slow, fast, slow_phase, fast_phase;  // share by which breathing and the slower waves of blood pressure move the gap
  double supraventricular, ventricular;       // how often
  double jitter;                              // of a gap, as a share: an irregular rhythm hides premature beats
  double early, ventricular_width, ventricular_strength;
  double breath, wander, wander_phase, hum, noise;  // millivolts, and where the baseline begins
};

Heart random_heart(Random& random) {
  Heart h;
  h.gap = static_cast<double>(random.between(0.6f, 1.1f));
  const double alpha = std::sqrt(1 / h.gap);  // the paper's change of the circle with the rate
  h.waves = kHealthy;
  const double broad = random.chance(0.2f) ? static_cast<double>(random.between(1.3f, 1.8f)) : 1;  // a bundle branch block is a normal beat here
  for (size_t i = 0; i < kWaves; ++i) {
    Wave& w = h.waves[i];
    w.strength *= static_cast<double>(random.between(0.6f, 1.4f));
    w.width *= alpha * static_cast<double>(random.between(0.85f, 1.15f));
    w.place *= i == kP || i == kT ? std::sqrt(alpha) : alpha;
  }
  for (size_t i : {kQ, kR, kS}) h.waves[i].width *= broad, h.waves[i].strength /= broad;
  if (random.chance(0.2f)) h.waves[kT].strength *= -0.6;
  if (random.chance(0.15f)) h.waves[kP].strength *= 0.2;
  h.slow = static_cast<double>(random.between(0.01f, 0.05f)), h.fast = static_cast<double>(random.between(0.01f, 0.06f));
  h.slow_phase = 2 * kPi * static_cast<double>(random.unit()), h.fast_phase = 2 * kPi * static_cast<double>(random.unit());
  h.supraventricular = static_cast<double>(random.between(0.01f, 0.1f)), h.ventricular = static_cast<double>(random.between(0.01f, 0.15f));
  h.jitter = random.chance(0.3f) ? static_cast<double>(random.between(0.05f, 0.14f)) : 0.01;
  h.early = static_cast<double>(random.between(0.6f, 0.85f));
  h.ventricular_width = static_cast<double>(random.between(1.2f, 2.6f));
  h.ventricular_strength = static_cast<double>(random.either_sign(0.7f, 1.6f));
  h.breath = static_cast<double>(random.between(0.02f, 0.1f)), h.wander = static_cast<double>(random.between(0.0f, 0.3f));
  h.wander_phase = 2 * kPi * static_cast<double>(random.unit());
  h.hum = static_cast<double>(random.between(0.0f, 0.03f)), h.noise = static_cast<double>(random.between(0.01f, 0.12f));
  return h;
}

Waves waves_of(const Heart& h, BeatKind kind, Random& random) {
  Waves w = h.waves;
  for (Wave& wave : w) wave.strength *= static_cast<double>(random.between(0.93f, 1.07f));
  if (kind == BeatKind::kSupraventricular) {
    w[kP].place *= static_cast<double>(random.between(0.8f, 1.15f)), w[kP].strength *= static_cast<double>(random.between(-0.5f, 1.2f));
    return w;
  }
  if (kind == BeatKind::kNormal) return w;
  // A wave's height grows with the square of its width.
  const double wide = h.ventricular_width, size = h.ventricular_strength / (wide * wide);
  w[kP].strength = 0;
  for (size_t i : {kQ, kR, kS}) w[i].width *= wide, w[i].place *= wide, w[i].strength *= size;
  w[kT].strength = -std::copysign(1.1 * std::fabs(w[kT].strength), h.ventricular_strength);
  return w;
}

// The kinds of the beats and the seconds from each to the next.
struct Plan {
  std::vector<BeatKind> kinds;
  std::vector<double> gaps;
};

Plan plan_beats(const Heart& h, double seconds, Random& random) {
  Plan plan;
  bool free = false;  // no premature beat before the first, nor behind another
  for (double time = 0; time < seconds + 2;) {
    const double breath = h.fast * std::sin(2 * kPi * 0.25 * time + h.fast_phase) + h.slow * std::sin(2 * kPi * 0.1 * time + h.slow_phase);
    double gap = h.gap * std::clamp(1 + breath + h.jitter * static_cast<double>(random.bell()), 0.6, 1.4);
    const double drawn = static_cast<double>(random.unit());
    const bool ventricular = free && drawn < h.ventricular, supraventricular = free && !ventricular && drawn < h.ventricular + h.supraventricular;
    plan.kinds.push_back(ventricular ? BeatKind::kVentricular : supraventricular ? BeatKind::kSupraventricular : BeatKind::kNormal);
    free = !ventricular && !supraventricular;
    if (!free) {
      const double early = h.early * static_cast<double>(random.between(0.9f, 1.12f)), before = plan.gaps.back();
      time += before * (early - 1);
      plan.gaps.back() = before * early;
      gap *= ventricular ? 2 - early : static_cast<double>(random.between(1.0f, 1.15f));
    }
    plan.gaps.push_back(gap);
    time += gap;
  }
  return plan;
}

double push(const Waves& waves, double phase) {
  double sum = 0;
  for (const Wave& w : waves) {
    const double away = std::remainder(phase - w.place, 2 * kPi);
    sum -= w.strength * away * std::exp(-away * away / (2 * w.width * w.width));
  }
  return sum;
}

void put_annotation(Bytes& out, size_t& last, const HeartRecord::Beat& beat) {
  constexpr int kSkip = 59, kCodes[] = {1, 8, 5};  // normal; atrial premature; premature ventricular contraction
  size_t apart = beat.sample - last;
  last = beat.sample;
  const auto word = [&](size_t v) { out.push_back(static_cast<uint8_t>(v)), out.push_back(static_cast<uint8_t>(v >> 8)); };
  if (apart >= 1024) word(size_t{kSkip} << 10), word(apart >> 16), word(apart & 0xffff), apart = 0;
  word(static_cast<size_t>(kCodes[static_cast<int>(beat.kind)]) << 10 | apart);
}

Result<void> write_record(const std::string& stem, const std::string& name, const HeartRecord& record) {
  const std::string header =
      name + format(" 1 %d %zu\n", kHeartFrequency, record.millivolts.size()) + name + format(".dat 16 %d(0)/mV 16 0 0 0 0 MLII\n", kStepsPerMillivolt);
  Bytes samples, annotations;
  for (float mv : record.millivolts) {
    const auto step = static_cast<uint16_t>(static_cast<int16_t>(std::clamp(std::lround(mv * kStepsPerMillivolt), -32768L, 32767L)));
    samples.push_back(static_cast<uint8_t>(step)), samples.push_back(static_cast<uint8_t>(step >> 8));
  }
  size_t last = 0;
  for (const HeartRecord::Beat& b : record.beats) put_annotation(annotations, last, b);
  annotations.insert(annotations.end(), {0, 0});
  VERGE_CHECK(write_file(stem + ".hea", header));
  VERGE_CHECK(write_file(stem + ".dat", samples));
  return write_file(stem + ".atr", annotations);
}

}  // namespace

HeartRecord make_heart_record(uint64_t seed, int seconds) {
  Random random(mix(seed));
  const Heart h = random_heart(random);
  const Plan plan = plan_beats(h, seconds, random);
  const size_t samples = static_cast<size_t>(seconds) * kHeartFrequency;
  HeartRecord out;
  out.millivolts.reserve(samples);
  constexpr double kStep = 1.0 / kHeartFrequency;
  double height = 0, phase = 0;
  size_t beat = 0;
  Waves behind = waves_of(h, plan.kinds[0], random), ahead = waves_of(h, plan.kinds[1], random);
  out.beats.push_back({0, plan.kinds[0]});
  while (out.millivolts.size() < samples) {
    const double time = static_cast<double>(out.millivolts.size()) * kStep;
    const double baseline = h.breath / kMillivolts * std::sin(2 * kPi * 0.25 * time);
    height += kStep * (push(phase < kPi ? behind : ahead, phase) - (height - baseline));
    const double others =
        h.wander * std::sin(2 * kPi * 0.05 * time + h.wander_phase) + h.hum * std::sin(2 * kPi * 50 * time) + h.noise * static_cast<double>(random.bell());
    out.millivolts.push_back(static_cast<float>(kMillivolts * height + others));
    phase += kStep * 2 * kPi / plan.gaps[beat];
    if (phase < 2 * kPi) continue;
    phase -= 2 * kPi, ++beat;
    behind = ahead, ahead = waves_of(h, plan.kinds[beat + 1], random);
    if (out.millivolts.size() < samples) out.beats.push_back({out.millivolts.size(), plan.kinds[beat]});
  }
  return out;
}

Result<void> write_heart_set(const std::string& dir, int count, int seconds, uint64_t seed) {
  if (count < 1 || count > kMostRecords) return invalid(format("%d records: wanted 1 to %d", count, kMostRecords));
  if (seconds < 10 || seconds > kMostSeconds) return invalid(format("records of %d seconds: wanted 10 to %d", seconds, kMostSeconds));
  VERGE_CHECK(make_directories(dir));
  for (int i = 0; i < count; ++i) {
    const std::string name = format("%03d", i);
    VERGE_CHECK(write_record(dir + "/" + name, name, make_heart_record(mix(seed) + static_cast<uint64_t>(i), seconds)));
  }
  return done();
}

}  // namespace verge::data
