#include "eval/files.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <regex>
#include <set>

#include "core/text.h"
#include "eval/read_files.h"
#include "eval/wav.h"
#include "eval/wfdb.h"
#include "formats/npy.h"
#include "os/file.h"
#include "pipeline/decode.h"

namespace verge {
namespace {

const char* const kKinds[] = {".jpg", ".jpeg", ".png", ".npy", ".bin", ".wav", ".hea", ".dat", ".atr"};

bool usable(const std::string& name) {
  const std::string lower = lower_case(name);
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](const char* end) { return ends_with(lower, end); });
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

using Wanted = std::function<bool(const std::string& name)>;

Result<std::vector<RawFile>> read_folder(const std::string& path, const Wanted& wanted) {
  VERGE_TRY(const std::vector<std::string> names, list_files(path));
  std::vector<RawFile> out;
  for (const std::string& name : names) {
    if (!wanted(name)) continue;
    VERGE_TRY(Bytes bytes, read_file(path + "/" + name));
    out.push_back({name, std::move(bytes), -1});
  }
  return out;
}

struct ArchiveCloser {
  void operator()(archive* a) const { archive_read_free(a); }
};

Result<std::vector<RawFile>> read_archive(const std::string& path, const Wanted& wanted) {
  std::unique_ptr<archive, ArchiveCloser> a(archive_read_new());
  archive_read_support_filter_all(a.get());
  archive_read_support_format_all(a.get());
  if (archive_read_open_filename(a.get(), path.c_str(), 1 << 16) != ARCHIVE_OK)
    return corrupt("'" + path + "' is neither a folder nor a tar or zip: " + archive_error_string(a.get()));
  std::vector<RawFile> out;
  archive_entry* entry = nullptr;
  int status;
  while ((status = archive_read_next_header(a.get(), &entry)) == ARCHIVE_OK) {
    const char* name = archive_entry_pathname(entry);
    if (!name || archive_entry_filetype(entry) != AE_IFREG || !wanted(name)) continue;
    RawFile file{name, {}, -1};
    uint8_t chunk[1 << 15];
    la_ssize_t n;
    while ((n = archive_read_data(a.get(), chunk, sizeof chunk)) > 0) file.bytes.insert(file.bytes.end(), chunk, chunk + n);
    if (n < 0) return corrupt("'" + path + "', entry '" + name + "': " + archive_error_string(a.get()));
    if (starts_with(file.name, "./")) file.name = file.name.substr(2);
    out.push_back(std::move(file));
  }
  if (status != ARCHIVE_EOF) return corrupt("'" + path + "' is damaged or cut short: " + archive_error_string(a.get()));
  std::sort(out.begin(), out.end(), [](const RawFile& x, const RawFile& y) { return x.name < y.name; });
  return out;
}

// "x" [n, ...] and "y" [n] become one .npy a sample.
Result<std::vector<RawFile>> read_npz_samples(const std::string& path) {
  VERGE_TRY(const Bytes bytes, read_file(path));
  VERGE_TRY(const auto arrays, formats::read_npz(bytes), "'" + path + "'");
  const Tensor *x = nullptr, *y = nullptr;
  for (const auto& [name, tensor] : arrays) {
    if (name == "x") x = &tensor;
    if (name == "y") y = &tensor;
  }
  if (!x && arrays.size() == 1) x = &arrays[0].second;
  if (!x || x->shape().rank < 1) return invalid("'" + path + "': wants an array \"x\" of samples along the first axis (and \"y\" of labels)");
  const int32_t n = x->shape()[0];
  if (y && y->count() != n) return invalid("'" + path + "': " + std::to_string(n) + " samples in \"x\" but " + std::to_string(y->count()) + " labels in \"y\"");
  Shape one = x->shape();
  one[0] = 1;
  const size_t size = dtype_bytes(x->dtype(), static_cast<size_t>(one.count()));
  std::vector<RawFile> out;
  for (int32_t i = 0; i < n; ++i) {
    const auto from = x->bytes().begin() + static_cast<int64_t>(i * size);
    VERGE_TRY(Bytes npy, formats::write_npy(Tensor(x->dtype(), one, Bytes(from, from + static_cast<int64_t>(size)))));
    out.push_back({"x[" + std::to_string(i) + "].npy", std::move(npy), y ? static_cast<int>(y->at(i)) : -1});
  }
  return out;
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos; }

// Indices for the labels: numbers as they are, names by the model's list, else in alphabetical order.
void assign_labels(RawData& data, const std::vector<std::string>& texts, const std::vector<std::string>& class_names) {
  std::set<std::string> distinct(texts.begin(), texts.end());
  distinct.erase("");
  if (distinct.empty()) return;
  const bool numbers = std::all_of(distinct.begin(), distinct.end(), is_number);
  std::map<std::string, int> index;
  const auto in_model = [&](const std::string& name) { return std::find(class_names.begin(), class_names.end(), name) != class_names.end(); };
  if (std::all_of(distinct.begin(), distinct.end(), in_model)) {
    data.classes = class_names;
  } else if (!numbers) {
    data.classes.assign(distinct.begin(), distinct.end());
  }
  for (size_t i = 0; i < data.classes.size(); ++i) index[data.classes[i]] = static_cast<int>(i);
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    data.files[i].label = data.classes.empty() ? std::atoi(texts[i].c_str()) : index[texts[i]];
  }
}

bool is_part_of_recording(const std::string& name) {
  const std::string lower = lower_case(name);
  return ends_with(lower, ".dat") || ends_with(lower, ".atr");
}
bool is_recording(const RawFile& file) { return ends_with(lower_case(file.name), ".hea"); }

Result<std::vector<Beat>> beats_of(const RawFile& header, const std::map<std::string, const RawFile*>& by_name) {
  VERGE_TRY(const WfdbHeader parsed, parse_wfdb_header(std::string(header.bytes.begin(), header.bytes.end())));
  const std::string stem = header.name.substr(0, header.name.size() - 4);
  const auto samples = by_name.find(stem + ".dat"), annotations = by_name.find(stem + ".atr");
  if (samples == by_name.end() || annotations == by_name.end()) return invalid("wants " + stem + ".dat and " + stem + ".atr beside it");
  return read_beats(parsed, samples->second->bytes, annotations->second->bytes);
}

// Each beat of the recordings as an array, named RECORD/SAMPLE.
Result<RawData> beats_of(const std::vector<RawFile>& files) {
  std::map<std::string, const RawFile*> by_name;
  for (const RawFile& f : files) by_name[f.name] = &f;
  RawData out{{}, beat_classes()};
  for (const RawFile& f : files) {
    if (!is_recording(f)) continue;
    VERGE_TRY(const std::vector<Beat> beats, beats_of(f, by_name), "'" + f.name + "'");
    for (const Beat& b : beats) {
      VERGE_TRY(Bytes array, formats::write_npy(b.values));
      out.files.push_back({f.name.substr(0, f.name.size() - 4) + "/" + std::to_string(b.sample) + ".npy", std::move(array), b.label});
    }
  }
  return out;
}

bool same_but_batch(const Shape& a, const Shape& b) { return a == b || a.count() == b.count(); }

// Dimensions of a picture, a batch of one left out; empty for other ranks.
std::vector<int32_t> picture_dims(const Shape& s) {
  if (s.rank != 3 && !(s.rank == 4 && s[0] == 1)) return {};
  return {s.dim + s.rank - 3, s.dim + s.rank};
}

bool are_channels(int32_t n) { return n == 1 || n == 3; }

// [h,w,c] as [c,h,w], or back.
Tensor in_other_layout(const Tensor& picture, const std::vector<int32_t>& dims, bool to_planes) {
  const int64_t channels = to_planes ? dims[2] : dims[0], pixels = picture.count() / std::max<int64_t>(channels, 1);
  const size_t width = dtype_bytes(picture.dtype(), 1);
  Tensor out(picture.dtype(), picture.shape());
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t pixel_first = p * channels + c, plane_first = c * pixels + p;
      std::memcpy(out.data() + static_cast<size_t>(to_planes ? plane_first : pixel_first) * width, picture.bytes().data() + static_cast<size_t>(to_planes ? pixel_first : plane_first) * width, width);
    }
  return out;
}

// An array in the shape of the input: a picture in the other layout is turned, anything else keeps its order.
Tensor shaped_like(const Tensor& array, const Shape& input) {
  const std::vector<int32_t> from = picture_dims(array.shape()), to = picture_dims(input);
  if (from.empty() || to.empty() || from == to) return array.reshaped(input);
  const bool to_planes = are_channels(from[2]) && to == std::vector<int32_t>{from[2], from[0], from[1]};
  const bool to_pixels = are_channels(from[0]) && to == std::vector<int32_t>{from[1], from[2], from[0]};
  return (to_planes || to_pixels ? in_other_layout(array, from, to_planes) : array).reshaped(input);
}

class FileDataset : public Dataset {
 public:
  FileDataset(std::shared_ptr<const RawData> data, const TensorView& input, const DataOptions& options)
      : data_(std::move(data)), dtype_(input.dtype), shape_(input.shape), options_(options) {
    if (input.quant.count) quant_ = {{input.quant.scale[0]}, {input.quant.zero_point[0]}, -1};
  }
  void set_preprocessor(Preprocessor preprocessor) { first_ = std::move(preprocessor); }

  size_t size() const override { return data_->files.size(); }
  const std::vector<std::string>& classes() const override { return data_->classes; }
  Result<Sample> get(size_t i) const override {
    const RawFile& file = data_->files[i];
    VERGE_TRY(Tensor input, input_of(file), "'" + file.name + "'");
    return Sample{{std::move(input)}, file.label, file.name};
  }

 private:
  Result<Tensor> input_of(const RawFile& file) const {
    const std::string lower = lower_case(file.name);
    if (ends_with(lower, ".npy")) return from_array(file.bytes);
    if (ends_with(lower, ".bin")) return from_bytes(file.bytes);
    if (ends_with(lower, ".wav")) return from_sound(file.bytes);
    VERGE_TRY(const Tensor picture, decode_image(file.bytes));
    Preprocessor preprocessor = taken();
    Result<Tensor> out = preprocessor.run(picture);
    const std::lock_guard lock(mutex_);
    preprocessors_.push_back(std::move(preprocessor));
    return out;
  }
  // One for each thread that asks at the same time: each has Programs and memory of its own.
  Preprocessor taken() const {
    const std::lock_guard lock(mutex_);
    if (preprocessors_.empty()) return *first_;
    Preprocessor out = std::move(preprocessors_.back());
    preprocessors_.pop_back();
    return out;
  }
  Result<Tensor> from_sound(const Bytes& bytes) const {
    VERGE_TRY(const Tensor sound, read_wav(bytes));
    const Tensor shaped = centred_sound(sound, static_cast<size_t>(shape_.count())).reshaped(shape_);
    return dtype_ == DataType::kF32 ? Result<Tensor>(shaped) : quantized(shaped);
  }
  Result<Tensor> from_array(const Bytes& bytes) const {
    VERGE_TRY(const Tensor array, formats::read_npy(bytes));
    if (!same_but_batch(array.shape(), shape_))
      return invalid("the array has shape " + text(array.shape()) + ", the model's input is " + text(shape_));
    const Tensor shaped = shaped_like(array, shape_);
    if (array.dtype() == dtype_) return shaped;
    return quantized(shaped);
  }
  Result<Tensor> from_bytes(const Bytes& bytes) const {
    const auto count = static_cast<size_t>(shape_.count());
    if (bytes.size() == dtype_bytes(dtype_, count)) return Tensor(dtype_, shape_, bytes);
    if (bytes.size() != count) return invalid(std::to_string(bytes.size()) + " bytes, the model's input has " + std::to_string(count) + " elements");
    Tensor real(DataType::kF32, shape_);
    for (size_t k = 0; k < count; ++k)
      real.mut<float>()[k] = options_.bytes_scale * static_cast<float>(static_cast<int8_t>(bytes[k]) - options_.bytes_zero_point);
    return quantized(real);
  }
  // Real values as the input's type: with its own scale where it has one.
  Tensor quantized(const Tensor& real) const {
    if (quant_.empty()) return cast_tensor(real, dtype_);
    Tensor scaled(DataType::kF64, real.shape());
    for (int64_t k = 0; k < real.count(); ++k) scaled.mut<double>()[k] = std::nearbyint(real.at(k) / quant_.scale[0]) + quant_.zero_point[0];
    return cast_tensor(scaled, dtype_);
  }
  static std::string text(const Shape& s) { return bracketed(std::vector<int>(s.dim, s.dim + s.rank)); }

  std::shared_ptr<const RawData> data_;
  DataType dtype_;
  Shape shape_;
  QuantParams quant_;
  DataOptions options_;
  std::optional<Preprocessor> first_;  // with no Program yet: what others are copied from
  mutable std::mutex mutex_;
  mutable std::vector<Preprocessor> preprocessors_;
};

}  // namespace

Result<std::vector<RawFile>> read_files(const std::string& path, const std::function<bool(const std::string& name)>& wanted) {
  if (is_directory(path)) return read_folder(path, wanted);
  if (!is_file(path)) return not_found("no data at '" + path + "'");
  return read_archive(path, wanted);
}

Result<std::vector<std::string>> label_texts(const std::vector<RawFile>& files, const DataOptions& options) {
  std::vector<std::string> out(files.size());
  if (!options.label_regex.empty()) {
    try {
      const std::regex pattern(options.label_regex);
      std::smatch match;
      for (size_t i = 0; i < files.size(); ++i) {
        const std::string name = base_name(files[i].name);
        if (std::regex_search(name, match, pattern) && match.size() > 1) out[i] = match[1];
      }
    } catch (const std::regex_error& e) {
      return invalid("--label-regex '" + options.label_regex + "': " + e.what());
    }
  } else if (!options.labels_file.empty()) {
    VERGE_TRY(const Bytes bytes, read_file(options.labels_file));
    std::map<std::string, std::string> by_name;
    for (const std::string& line : split(std::string(bytes.begin(), bytes.end()), '\n')) {
      const size_t at = line.find_first_of(" \t,");
      if (at != std::string::npos) by_name[line.substr(0, at)] = line.substr(line.find_first_not_of(" \t,", at));
    }
    for (size_t i = 0; i < files.size(); ++i) {
      auto it = by_name.find(files[i].name);
      if (it == by_name.end()) it = by_name.find(base_name(files[i].name));
      if (it != by_name.end()) out[i] = it->second;
    }
  } else {
    for (size_t i = 0; i < files.size(); ++i) {
      const size_t at = files[i].name.rfind('/');
      if (at == std::string::npos) continue;
      const std::string folder = files[i].name.substr(0, at);
      out[i] = folder.substr(folder.rfind('/') + 1);
    }
  }
  return out;
}

Result<RawData> read_data(const DataOptions& options) {
  RawData data;
  if (ends_with(options.path, ".npz") && is_file(options.path)) {
    VERGE_TRY(data.files, read_npz_samples(options.path));
  } else {
    VERGE_TRY(data.files, read_files(options.path, usable));
  }
  if (std::any_of(data.files.begin(), data.files.end(), is_recording)) {
    VERGE_TRY(data, beats_of(data.files), "'" + options.path + "'");
  } else {
    data.files.erase(std::remove_if(data.files.begin(), data.files.end(), [](const RawFile& f) { return is_part_of_recording(f.name); }), data.files.end());
  }
  if (data.files.empty()) return invalid("'" + options.path + "' holds no usable file; wanted: .jpg, .png, .npy, .wav or .bin, best in one folder a class, or .hea with .dat and .atr");
  if (!ends_with(options.path, ".npz") && data.classes.empty()) {
    VERGE_TRY(const std::vector<std::string> texts, label_texts(data.files, options));
    assign_labels(data, texts, options.class_names);
  }
  keep_spread(data.files, options.limit);
  return data;
}

Result<std::unique_ptr<Dataset>> make_dataset(std::shared_ptr<const RawData> data, const TensorView& input, const Declaration& declaration, const DataOptions& options) {
  auto out = std::make_unique<FileDataset>(data, input, options);
  const bool pictures = std::any_of(data->files.begin(), data->files.end(), [](const RawFile& f) { return looks_like_image(f.bytes); });
  if (pictures) {
    VERGE_TRY(Preprocessor preprocessor, Preprocessor::create(declaration, input));
    out->set_preprocessor(std::move(preprocessor));
  }
  return std::unique_ptr<Dataset>(std::move(out));
}

}  // namespace verge
