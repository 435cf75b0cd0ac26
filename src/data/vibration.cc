#include "data/vibration.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "data/random.h"
#include "data/wav_file.h"
#include "os/file.h"

namespace verge::data {
namespace {

constexpr int kMostRecordings = 1'000'000;
constexpr double kPi = 3.14159265358979324, kStep = 1.0 / kVibrationFrequency;

struct Wave {
  double order;  // turns of the wave in one of the shaft
  double size, phase;
};

// A two-pole resonator that rings at `hertz` and loses a factor e in `decay` seconds.
class Resonance {
 public:
  Resonance(double hertz, double decay) : radius_(std::exp(-kStep / decay)), turn_(2 * radius_ * std::cos(2 * kPi * hertz * kStep)) {}
  double step(double force) {
    const double y = turn_ * last_ - radius_ * radius_ * before_ + (1 - radius_) * force;
    before_ = last_;
    return last_ = y;
  }

 private:
  double radius_, turn_, last_ = 0, before_ = 0;
};

struct Machine {
  std::vector<Wave> waves;
  double speed = 20, drift = 0;  // turns a second; of the speed from first to last sample
  double stop = 1e9;             // motion beyond is cut
  double impacts = 0, impact_size = 0, carried = 0;  // a turn; their size, and how much the shaft's angle changes it
  double resonance = 1000, decay = 0.003, noise = 0.1, loudness = 0.3;
};

Wave wave(double order, float low, float high, Random& random) {
  const float size = random.between(low, high), phase = random.between(0, 6.2831853f);
  return {order, size, phase};
}

Machine healthy(Random& random) {
  Machine m;
  m.speed = random.between(15, 30), m.drift = random.between(-0.03f, 0.03f);
  for (int order = 1; order <= 4; ++order) m.waves.push_back(wave(order, 0.05f, 0.4f / static_cast<float>(order), random));
  m.waves.push_back(wave(5 + random.below(5), 0.05f, 0.35f, random));
  m.resonance = random.between(700, 1700), m.decay = random.between(0.0015f, 0.004f);
  m.noise = random.between(0.15f, 0.5f), m.loudness = random.between(0.08f, 0.3f);
  return m;
}

void loosen(Machine& m, float strength, Random& random) {
  for (int half = 1; half <= 12; ++half) {
    if (half == 2) continue;
    m.waves.push_back(wave(half / 2.0, 0.06f * strength, 0.3f * strength, random));
  }
  m.stop = random.between(0.9f, 1.4f);
}

void flaw(Machine& m, float strength, Random& random) {
  m.impacts = random.between(3.05f, 5.95f);
  m.impact_size = strength * random.between(8, 16);
  m.carried = random.chance(0.5f) ? random.between(0.3f, 0.8f) : 0;  // a flaw of the inner ring passes through the load
}

// `strength`: 0.4 is a fault that begins, 1 a plain one.
Machine machine_of(MachineState state, float strength, Random& random) {
  Machine m = healthy(random);
  switch (state) {
    case MachineState::kNormal: break;
    case MachineState::kImbalance: m.waves.push_back(wave(1, strength, 1.6f * strength, random)); break;
    case MachineState::kMisalignment:
      m.waves.push_back(wave(2, 0.7f * strength, 1.2f * strength, random));
      m.waves.push_back(wave(3, 0.2f * strength, 0.7f * strength, random));
      break;
    case MachineState::kLooseness: loosen(m, strength, random); break;
    case MachineState::kBearing: flaw(m, strength, random);
  }
  return m;
}

double motion(const Machine& m, double turns) {
  double sum = 0;
  for (const Wave& w : m.waves) sum += w.size * std::sin(2 * kPi * w.order * turns + w.phase);
  return std::clamp(sum, -m.stop, m.stop);
}

}  // namespace

const char* machine_state_name(MachineState state) {
  constexpr const char* kNames[kMachineStates] = {"normal", "imbalance", "misalignment", "looseness", "bearing"};
  return kNames[static_cast<int>(state)];
}

std::vector<float> make_vibration(MachineState state, uint64_t seed) {
  Random random(mix(mix(seed) + static_cast<uint64_t>(state)));
  const float strength = random.between(0.4f, 1);
  const Machine m = machine_of(state, strength, random);
  Resonance housing(m.resonance, m.decay);
  std::vector<float> out;
  double turns = random.unit(), next = m.impacts > 0 ? turns + random.unit() / m.impacts : 1e9;
  for (int i = 0; i < kVibrationSamples; ++i) {
    double force = m.noise * static_cast<double>(random.bell());
    if (turns >= next) {
      force += m.impact_size * (1 + m.carried * std::sin(2 * kPi * turns));
      next += (1 + 0.02 * static_cast<double>(random.bell())) / m.impacts;
    }
    const double rings = housing.step(force), sensor = 0.03 * static_cast<double>(random.bell());
    out.push_back(static_cast<float>(std::clamp(m.loudness * (motion(m, turns) + 2 * rings + sensor), -1.0, 1.0)));
    turns += kStep * m.speed * (1 + m.drift * i / kVibrationSamples);
  }
  return out;
}

Result<void> write_vibration_set(const std::string& dir, int count, uint64_t seed) {
  if (count < 1 || count > kMostRecordings) return invalid(format("%d recordings: wanted 1 to %d", count, kMostRecordings));
  for (int i = 0; i < kMachineStates && i < count; ++i) VERGE_CHECK(make_directories(dir + "/" + machine_state_name(static_cast<MachineState>(i))));
  for (int i = 0; i < count; ++i) {
    const auto state = static_cast<MachineState>(i % kMachineStates);
    const int number = i / kMachineStates;
    VERGE_CHECK(write_file(format("%s/%s/%04d.wav", dir.c_str(), machine_state_name(state), number), wav_of(make_vibration(state, mix(seed) + static_cast<uint64_t>(number)), kVibrationFrequency)));
  }
  return done();
}

}  // namespace verge::data
