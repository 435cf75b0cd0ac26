// Made-up vibrations of a rotating machine with the truth known, as an accelerometer on its bearing housing would give them.
//
// A shaft turns 15 to 30 times a second; what it does to the housing are its harmonics, the tone of its fan, and noise through the housing's resonances. A fault adds
//   imbalance      the first harmonic
//   misalignment   the second and third
//   looseness      many harmonics and the half ones between them, and the stops that cut the motion
//   bearing        a ring at one of the housing's resonances whenever a rolling element meets the flaw, three to six times a turn and a little irregular
//                  (McFadden and Smith: Model for the vibration produced by a single point defect in a rolling element bearing, 1984)
// Loudness, speed, resonances and noise differ from recording to recording, so that no level tells a fault.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::data {

enum class MachineState : uint8_t { kNormal, kImbalance, kMisalignment, kLooseness, kBearing };
inline constexpr int kMachineStates = 5;
const char* machine_state_name(MachineState state);  // "normal", "imbalance", ...

inline constexpr int kVibrationFrequency = 4096;  // samples a second
inline constexpr int kVibrationSamples = 2048;    // of a recording

// Values from -1 to 1.
std::vector<float> make_vibration(MachineState state, uint64_t seed);

// Writes `count` recordings, the states in turn, as DIR/state/NNNN.wav (16 bits, one channel), and makes the folders. Different seeds share no recording.
//
// Fails with kInvalidArgument for a count out of range and with kIo when a file cannot be written.
Result<void> write_vibration_set(const std::string& dir, int count, uint64_t seed);

}  // namespace verge::data
