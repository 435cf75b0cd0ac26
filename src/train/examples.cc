#include "train/examples.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include "core/digest.h"
#include "core/text.h"
#include "eval/wav.h"
#include "formats/npy.h"
#include "os/file.h"
#include "pipeline/decode.h"

namespace verge::train {
namespace {

// A decoded picture, u8[h, w, 3], in the size and channels of the network.
Result<Bytes> fitted(const Tensor& picture, const PictureSize& size) {
  Declaration declaration;
  declaration.layout = Layout::kNhwc;
  const TensorView input{nullptr, DataType::kF32, {1, size.height, size.width, size.channels}, {}};
  VERGE_TRY(Preprocessor preprocessor, Preprocessor::create(declaration, input));
  VERGE_TRY(const Tensor real, preprocessor.run(picture));
  Bytes out;
  for (float v : real.values<float>()) out.push_back(static_cast<uint8_t>(std::clamp(v + 0.5f, 0.0f, 255.0f)));
  return out;
}

bool same_size(const Tensor& picture, const PictureSize& size) { return picture.shape()[0] == size.height && picture.shape()[1] == size.width; }

void copy_pixels(const Tensor& picture, const PictureSize& size, uint8_t* to) {
  const ByteSpan from = picture.bytes();
  if (size.channels == 3) {
    std::memcpy(to, from.data(), from.size());
    return;
  }
  for (size_t i = 0; i < size.bytes(); ++i) to[i] = static_cast<uint8_t>((299u * from[3 * i] + 587u * from[3 * i + 1] + 114u * from[3 * i + 2] + 500u) / 1000u);
}

uint64_t name_hash(const std::string& name) {  // FNV-1a
  uint64_t h = 1469598103934665603ull;
  for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
  return h;
}

// Up to three names and how many more.
std::string some_of(const std::vector<std::string>& lines) {
  std::string out;
  for (size_t i = 0; i < std::min<size_t>(3, lines.size()); ++i) out += "\n  " + lines[i];
  return out + (lines.size() > 3 ? "\n  and " + std::to_string(lines.size() - 3) + " more" : "");
}

// A table of numbers with a label a row.
Result<RawData> read_csv(const DataOptions& options) {
  VERGE_TRY(const Bytes bytes, read_file(options.path));
  RawData data;
  std::vector<std::string> texts;
  size_t label_column = SIZE_MAX, columns = 0, number = 0;
  for (const std::string& line : split(std::string(bytes.begin(), bytes.end()), '\n')) {
    ++number;
    std::vector<std::string> cells = split(line, ',');
    if (!cells.empty() && !cells.back().empty() && cells.back().back() == '\r') cells.back().pop_back();
    if (cells.size() < 2) continue;
    const std::string where = "'" + options.path + "' line " + std::to_string(number);
    if (columns == 0) {
      columns = cells.size();
      label_column = columns - 1;
      char* end = nullptr;
      (void)std::strtod(cells[0].c_str(), &end);
      if (end == cells[0].c_str() || *end != 0) {  // a line of names
        const auto named = std::find(cells.begin(), cells.end(), "label");
        if (named != cells.end()) label_column = static_cast<size_t>(named - cells.begin());
        continue;
      }
    }
    if (cells.size() != columns) return corrupt(where + ": has " + std::to_string(cells.size()) + " columns, the first line has " + std::to_string(columns));
    std::vector<float> row;
    for (size_t i = 0; i < columns; ++i) {
      if (i == label_column) continue;
      char* end = nullptr;
      row.push_back(std::strtof(cells[i].c_str(), &end));
      if (end == cells[i].c_str() || *end != 0) return corrupt(where + ", column " + std::to_string(i + 1) + ": '" + cells[i] + "' is no number");
    }
    VERGE_TRY(Bytes array, formats::write_npy(Tensor::of({static_cast<int32_t>(row.size())}, row)));
    texts.push_back(cells[label_column]);
    data.files.push_back({"line " + std::to_string(number), std::move(array), -1});
  }
  const std::set<std::string> distinct(texts.begin(), texts.end());
  data.classes.assign(distinct.begin(), distinct.end());
  for (size_t i = 0; i < texts.size(); ++i) data.files[i].label = static_cast<int>(std::distance(distinct.begin(), distinct.find(texts[i])));
  return data;
}

std::string digest_of(const std::vector<RawFile>& files, const ParallelFor& parallel) {
  std::vector<std::pair<std::string, std::string>> hashes(files.size());
  parallel.each(files.size(), [&](size_t i) { hashes[i] = {files[i].name, sha256_hex(files[i].bytes)}; });
  std::sort(hashes.begin(), hashes.end());
  std::string lines;
  for (const auto& [name, hash] : hashes) lines += hash + "  " + name + "\n";
  return sha256_hex(lines);
}

}  // namespace

Result<Examples> Examples::load(const ExampleOptions& options, const ParallelFor& parallel) {
  VERGE_TRY(RawData data, ends_with(lower_case(options.data.path), ".csv") ? read_csv(options.data) : read_data(options.data));
  if (data.files.empty()) return invalid("'" + options.data.path + "' holds no samples");
  Examples out;
  out.classes_ = data.classes;
  out.pictures_ = looks_like_image(data.files[0].bytes);
  out.sha256_ = digest_of(data.files, parallel);
  std::vector<std::string> nameless;
  for (RawFile& f : data.files) {
    if (options.labels && f.label < 0) nameless.push_back(f.name);
    out.labels_.push_back(f.label);
    out.names_.push_back(std::move(f.name));
    out.samples_.push_back(std::make_shared<const Bytes>(std::move(f.bytes)));
    out.class_count_ = std::max(out.class_count_, static_cast<size_t>(f.label + 1));
  }
  if (!nameless.empty())
    return invalid("'" + options.data.path + "': " + std::to_string(nameless.size()) + " of " + std::to_string(out.size()) +
                   " samples have no label; put them into one folder a class, or name --labels or --label-regex:" + some_of(nameless));
  if (!out.classes_.empty()) out.class_count_ = out.classes_.size();
  if (out.pictures_) {
    if (options.input.size() != 3) return invalid("'" + options.data.path + "' holds pictures; the network's input is " + bracketed(options.input) + ", not [height, width, channels]");
    VERGE_CHECK(out.load_pictures(options, parallel));
  } else {
    int64_t count = 1;
    for (int64_t d : options.input) count *= d;
    VERGE_CHECK(out.load_arrays(static_cast<size_t>(count)));
    if (out.sample_bytes_ != static_cast<size_t>(count) * sizeof(float))
      return invalid("'" + options.data.path + "': a sample has " + std::to_string(out.sample_bytes_ / sizeof(float)) + " numbers, the network's input " + bracketed(options.input) +
                     " has " + std::to_string(count));
  }
  return out;
}

Result<void> Examples::load_pictures(const ExampleOptions& options, const ParallelFor& parallel) {
  size_ = {static_cast<int>(options.input[0]), static_cast<int>(options.input[1]), static_cast<int>(options.input[2])};
  if (size_.channels != 1 && size_.channels != 3) return invalid("the network's input has " + std::to_string(size_.channels) + " channels; a picture has 1 or 3");
  sample_bytes_ = size_.bytes();
  std::vector<std::string> problem(size());
  std::vector<uint8_t> other(size());
  const bool keep = size() * sample_bytes_ <= kCachedBytes;
  parallel.each(size(), [&](size_t i) {
    const auto picture = decode_image(*samples_[i]);
    if (!picture.ok()) {
      problem[i] = "'" + names_[i] + "': " + picture.error().message();
      return;
    }
    other[i] = !same_size(*picture, size_);
    if (!keep && !other[i]) return;
    Bytes pixels(sample_bytes_);
    if (other[i]) {
      auto made = fitted(*picture, size_);
      if (!made.ok()) problem[i] = "'" + names_[i] + "': " + made.error().message();
      else pixels = *std::move(made);
    } else {
      copy_pixels(*picture, size_, pixels.data());
    }
    samples_[i] = std::make_shared<const Bytes>(std::move(pixels));
  });
  cached_ = keep || std::find(other.begin(), other.end(), 1) != other.end();
  std::vector<std::string> damaged;
  std::vector<size_t> good;
  for (size_t i = 0; i < size(); ++i) {
    if (problem[i].empty()) good.push_back(i);
    else damaged.push_back(problem[i]);
  }
  if (!damaged.empty() && !options.skip_damaged)
    return corrupt("'" + options.data.path + "': " + std::to_string(damaged.size()) + " of " + std::to_string(size()) +
                   " pictures cannot be read; mend them, or leave them out with \"data: {damaged: skip}\" in the recipe:" + some_of(damaged));
  if (cached_ && !keep)  // of mixed sizes: those that fitted are decoded too
    for (size_t i : good)
      if (!other[i]) {
        Bytes pixels(sample_bytes_);
        VERGE_CHECK(decode(i, pixels.data()));
        samples_[i] = std::make_shared<const Bytes>(std::move(pixels));
      }
  if (damaged.empty()) return done();
  *this = part(good);
  skipped_ = damaged.size();
  return done();
}

Result<void> Examples::load_arrays(size_t count) {
  const auto decoded = [&](const Bytes& bytes) -> Result<Tensor> {
    if (!looks_like_wav(bytes)) return formats::read_npy(bytes);
    VERGE_TRY(const Tensor sound, read_wav(bytes));
    return centred_sound(sound, count);
  };
  for (size_t i = 0; i < size(); ++i) {
    VERGE_TRY(const Tensor array, decoded(*samples_[i]), "'" + names_[i] + "'");
    const Tensor real = cast_tensor(array, DataType::kF32);
    if (i == 0) sample_bytes_ = real.bytes().size();
    if (real.bytes().size() != sample_bytes_)
      return invalid("'" + names_[i] + "' has " + std::to_string(real.count()) + " numbers, the first sample has " + std::to_string(sample_bytes_ / sizeof(float)));
    samples_[i] = std::make_shared<const Bytes>(real.bytes().begin(), real.bytes().end());
  }
  return done();
}

Result<void> Examples::decode(size_t i, uint8_t* to) const {
  VERGE_TRY(const Tensor picture, decode_image(*samples_[i]), "'" + names_[i] + "'");
  copy_pixels(picture, size_, to);
  return done();
}

Result<void> Examples::read(size_t i, uint8_t* to) const {
  if (!cached_) return decode(i, to);
  std::memcpy(to, samples_[i]->data(), sample_bytes_);
  return done();
}

Examples Examples::part(const std::vector<size_t>& indices) const {
  Examples out = *this;
  out.labels_.clear(), out.names_.clear(), out.samples_.clear();
  for (size_t i : indices) {
    out.labels_.push_back(labels_[i]);
    out.names_.push_back(names_[i]);
    out.samples_.push_back(samples_[i]);
  }
  return out;
}

Result<std::pair<Examples, Examples>> Examples::split(double judging) const {
  std::vector<size_t> order(size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return name_hash(names_[a]) < name_hash(names_[b]); });
  const auto held = static_cast<int64_t>(judging * static_cast<double>(size()));
  if (static_cast<int64_t>(size()) - held < 1) return invalid("holds too few samples: " + std::to_string(size()));
  std::vector<size_t> check(order.begin(), order.begin() + held), train(order.begin() + held, order.end());
  std::sort(check.begin(), check.end()), std::sort(train.begin(), train.end());
  return std::pair(part(train), part(check));
}

}  // namespace verge::train
