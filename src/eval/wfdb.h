// Heart recordings of PhysioNet (WFDB): a header NAME.hea, samples NAME.dat in format 16 or 212, and annotations NAME.atr, as in the MIT-BIH arrhythmia
// database (https://physionet.org/physiotools/wag/).
#pragma once
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

struct WfdbHeader {
  std::string name;
  double frequency = 250;  // samples a second
  size_t samples = 0;      // of each signal; 0: as many as there are
  int format = 0;
  struct Signal {
    std::string name;
    double gain = 200;  // steps a millivolt
    int baseline = 0;   // steps at 0 mV
  };
  std::vector<Signal> signals;  // interleaved in one file
};

// kCorrupt names the line; kUnsupported a form that is not read: several files, formats other than 16 and 212.
Result<WfdbHeader> parse_wfdb_header(const std::string& text);

// Millivolts of one signal.
Result<std::vector<float>> read_wfdb_signal(const WfdbHeader& header, ByteSpan samples, size_t signal);

struct WfdbAnnotation {
  size_t sample = 0;
  int code = 0;  // of ecgcodes.h: 1 normal, 5 premature ventricular contraction, ...
};
// kCorrupt for an annotation that is cut short.
Result<std::vector<WfdbAnnotation>> read_wfdb_annotations(ByteSpan bytes);

// A beat as a sample: [kBeatPoints, 1, kBeatChannels] f32 at 120 points a second, the annotated peak in the middle. Channels: the beat; the record's median
// beat (both in deviations of the record); then, the same at every point, the time since the beat before and until the one after, each over the record's
// mean, and the first over the mean of the ten before.
inline constexpr int32_t kBeatPoints = 144, kBeatChannels = 5;

struct Beat {
  size_t sample = 0;
  int label = 0;  // 0 N, 1 S, 2 V of ANSI/AAMI EC57; fusion, paced and unknown beats are left out
  Tensor values;
};
const std::vector<std::string>& beat_classes();

// The signal called MLII, or the first.
Result<std::vector<Beat>> read_beats(const WfdbHeader& header, ByteSpan samples, ByteSpan annotations);

}  // namespace verge
