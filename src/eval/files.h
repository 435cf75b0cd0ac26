// Labelled files as samples: a folder, a tar(.gz) or zip, or an .npz.
//
//   pictures (.jpg, .png)    decoded and pre-processed as declared
//   arrays (.npy, .pb)       the model's input as it is, or real values that are quantised with the input's own scale
//   sounds (.wav)            the middle of the sound, or all of it in silence, as many samples as the model takes
//   heart recordings         (.hea with .dat and .atr, eval/wfdb.h) become a sample a beat, labelled N, S or V
//   bytes (.bin)             the input's bytes as they are; for a float input see `bytes_scale`
//
// Labels come from class folders (class/file), from `label_regex` whose first group is the label in the file's name, or from a file with a line
// "name label" each; an .npz holds arrays "x" and optionally "y".
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eval/dataset.h"
#include "pipeline/preprocess.h"
#include "rt/model.h"

namespace verge {

struct DataOptions {
  std::string path;
  std::string labels_file;
  std::string label_regex;
  std::vector<std::string> class_names;  // the model's labels, when it has any: class folders of these names get its indices
  size_t limit = 0;                      // 0: all; else evenly spread
  float bytes_scale = 1;                 // a .bin for a float input: real = scale * (byte - zero point), bytes are i8
  int bytes_zero_point = 0;
};

// Bytes of files with their labels, before any model is known: read once, pre-processed for as many models and declarations as wanted.
struct RawFile {
  std::string name;
  Bytes bytes;
  int label = -1;
};
struct RawData {
  std::vector<RawFile> files;
  std::vector<std::string> classes;
};

// Lists and reads. kNotFound, kCorrupt (not an archive), kInvalidArgument (no usable file: what was found and what is wanted).
Result<RawData> read_data(const DataOptions& options);

// The samples for a model with one data input of this type.
Result<std::unique_ptr<Dataset>> make_dataset(std::shared_ptr<const RawData> data, const TensorView& input, const Declaration& declaration, const DataOptions& options);

}  // namespace verge
