// Made-up heart recordings with the truth known, in the form of PhysioNet (WFDB): every beat is annotated as normal, premature above the ventricles or ventricular.
//
// The signal is the dynamical model of McSharry, Clifford, Tarassenko, Smith: A dynamical model for generating synthetic electrocardiogram signals, 2003: a phase that
// goes round once a beat and a height that five waves (P, Q, R, S, T) push up or down as the phase passes them. Added here: premature beats. One from above the ventricles
// has an early, other P and the record's own QRS; a ventricular one has no P, a wide QRS, a T of opposite sign and a compensatory pause behind it. Heart rate, size,
// width and place of the waves, wandering baseline, mains hum and muscle noise differ from record to record.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::data {

enum class BeatKind : uint8_t { kNormal, kSupraventricular, kVentricular };

struct HeartRecord {
  std::vector<float> millivolts;  // kHeartFrequency a second
  struct Beat {
    size_t sample;  // of the R wave's peak
    BeatKind kind;
  };
  std::vector<Beat> beats;
};

inline constexpr int kHeartFrequency = 360;  // samples a second

HeartRecord make_heart_record(uint64_t seed, int seconds);

// Writes DIR/NNN.hea, .dat (format 16) and .atr for `count` records, and makes the folder.
//
// Fails with kInvalidArgument for a count or a length out of range and with kIo when a file cannot be written.
Result<void> write_heart_set(const std::string& dir, int count, int seconds, uint64_t seed);

}  // namespace verge::data
