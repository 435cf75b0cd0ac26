#include "packaging/package_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/sha256.h"
#include "core/digest.h"
#include "core/text.h"
#include "packaging/bundle.h"
#include "packaging/pack_program.h"

namespace verge {
namespace {

using package::Kind;
using package::PackageHeader;
using package::SectionRecord;

void append(Bytes& out, const void* data, size_t bytes) {
  const auto* p = static_cast<const uint8_t*>(data);
  out.insert(out.end(), p, p + bytes);
}

void align(Bytes& out) { out.resize((out.size() + package::kAlignment - 1) / package::kAlignment * package::kAlignment); }

constexpr uint16_t kSeeded = 0xffff;  // stored dtype of a tensor that is made from its seed

// Pixels as floats, stored as the bytes that they are.
bool holds_bytes(const Tensor& t) {
  if (t.dtype() != DataType::kF32) return false;
  const auto x = t.values<float>();
  return std::all_of(x.begin(), x.end(), [](float v) { return v >= 0 && v <= 255 && v == static_cast<float>(static_cast<uint8_t>(v)) && !std::signbit(v); });
}

constexpr uint64_t kGoldenSeed = 1;
bool is_seeded(const Tensor& t) {
  if (t.dtype() != DataType::kF32 && t.dtype() != DataType::kU8 && t.dtype() != DataType::kI8) return false;
  const Tensor same = seeded_tensor(t.dtype(), t.shape(), kGoldenSeed);
  return t.bytes().size() > 8 && std::equal(t.bytes().begin(), t.bytes().end(), same.bytes().begin());
}

// What lies in the file for a tensor: itself, its pixels as bytes, or the seed that it is made from (as u64[1]).
Tensor stored_form(const Tensor& t) {
  if (is_seeded(t)) return Tensor::of<uint64_t>({1}, std::vector<uint64_t>{kGoldenSeed});
  return holds_bytes(t) ? cast_tensor(t, DataType::kU8) : t;
}

// u32 vectors, inputs, outputs, 0, then tensor after tensor: u16 dtype, u16 stored dtype, u32 rank, i32 dims[8], u64 bytes, data padded to 8.
void append_tensor(Bytes& out, const Tensor& t) {
  const Tensor stored = stored_form(t);
  const uint16_t types[2] = {static_cast<uint16_t>(t.dtype()), is_seeded(t) ? kSeeded : static_cast<uint16_t>(stored.dtype())};
  const auto rank = static_cast<uint32_t>(t.shape().rank);
  const uint64_t bytes = stored.bytes().size();
  append(out, types, sizeof types);
  append(out, &rank, sizeof rank);
  append(out, t.shape().dim, sizeof t.shape().dim);
  append(out, &bytes, sizeof bytes);
  append(out, stored.bytes().data(), bytes);
  out.resize((out.size() + 7) / 8 * 8);
}

Bytes golden_bytes(const std::vector<GoldenVector>& vectors) {
  Bytes out;
  const uint32_t head[4] = {static_cast<uint32_t>(vectors.size()), static_cast<uint32_t>(vectors[0].inputs.size()),
                            static_cast<uint32_t>(vectors[0].outputs.size()), 0};
  append(out, head, sizeof head);
  for (const GoldenVector& v : vectors) {
    for (const Tensor& t : v.inputs) append_tensor(out, t);
    for (const Tensor& t : v.outputs) append_tensor(out, t);
  }
  return out;
}

class GoldenParser {
 public:
  explicit GoldenParser(ByteSpan bytes) : rest_(bytes) {}
  Result<std::vector<GoldenVector>> parse() {
    uint32_t head[4];
    if (!take(head, sizeof head)) return damaged();
    std::vector<GoldenVector> out;
    for (uint32_t v = 0; v < head[0]; ++v) {
      GoldenVector vector;
      for (uint32_t i = 0; i < head[1]; ++i) {
        VERGE_TRY(Tensor t, tensor());
        vector.inputs.push_back(std::move(t));
      }
      for (uint32_t i = 0; i < head[2]; ++i) {
        VERGE_TRY(Tensor t, tensor());
        vector.outputs.push_back(std::move(t));
      }
      if (head[1] + head[2] == 0) return damaged();
      out.push_back(std::move(vector));
    }
    return out;
  }

 private:
  static Error damaged() { return corrupt("the golden section is damaged"); }
  bool take(void* to, size_t bytes) {
    if (rest_.size() < bytes) return false;
    std::memcpy(to, rest_.data(), bytes);
    rest_ = rest_.subspan(bytes);
    return true;
  }
  Result<Tensor> tensor() {
    uint16_t types[2];
    uint32_t rank;
    Shape shape;
    uint64_t bytes;
    if (!take(types, sizeof types) || !take(&rank, sizeof rank) || rank > kMaxRank) return damaged();
    const auto known = [](uint16_t type) { return type > 0 && type < static_cast<uint16_t>(DataType::kString); };
    if (!known(types[0]) || !(known(types[1]) || types[1] == kSeeded)) return damaged();
    if (!take(shape.dim, sizeof shape.dim) || !take(&bytes, sizeof bytes) || bytes > rest_.size()) return damaged();
    shape.rank = static_cast<int32_t>(rank);
    uint64_t count = 1;
    for (int i = 0; i < shape.rank; ++i) {
      if (shape.dim[i] < 0 || count > kMostElements) return damaged();
      count *= static_cast<uint32_t>(shape.dim[i]);
    }
    if (types[1] == kSeeded) return seeded(static_cast<DataType>(types[0]), shape, count, bytes);
    const auto stored = static_cast<DataType>(types[1]);
    if (count > rest_.size() * 2 || dtype_bytes(stored, count) != bytes) return damaged();
    const Tensor t(stored, shape, Bytes(rest_.begin(), rest_.begin() + static_cast<int64_t>(bytes)));
    rest_ = rest_.subspan(std::min<size_t>(rest_.size(), (bytes + 7) / 8 * 8));
    return cast_tensor(t, static_cast<DataType>(types[0]));
  }
  Result<Tensor> seeded(DataType dtype, const Shape& shape, uint64_t count, uint64_t bytes) {
    uint64_t seed;
    const bool type_fits = dtype == DataType::kF32 || dtype == DataType::kU8 || dtype == DataType::kI8;
    if (bytes != sizeof seed || !take(&seed, sizeof seed) || count > kMostElements || !type_fits) return damaged();
    return seeded_tensor(dtype, shape, seed);
  }
  static constexpr uint64_t kMostElements = uint64_t{1} << 26;
  ByteSpan rest_;
};

struct PlannedSection {
  Kind kind;
  Bytes own;
  package::Codec codec = package::Codec::kStored;
  ByteSpan borrowed = {};  // instead of `own`: large programs are not copied

  ByteSpan bytes() const { return borrowed.empty() ? ByteSpan(own) : borrowed; }
};

bool is_required(Kind kind) { return kind == Kind::kManifest || kind == Kind::kProgram; }

Bytes lay_out(const std::vector<PlannedSection>& sections) {
  Bytes out(sizeof(PackageHeader) + sections.size() * sizeof(SectionRecord));
  std::vector<SectionRecord> records;
  for (const PlannedSection& s : sections) {
    align(out);
    SectionRecord r;
    r.kind = static_cast<uint32_t>(s.kind);
    r.required = is_required(s.kind);
    r.codec = static_cast<uint32_t>(s.codec);
    r.offset = out.size();
    r.bytes = s.bytes().size();
    sha256(s.bytes().data(), s.bytes().size(), r.sha256);
    append(out, s.bytes().data(), s.bytes().size());
    records.push_back(r);
  }
  PackageHeader header;
  header.section_count = static_cast<uint16_t>(records.size());
  header.total_bytes = out.size();
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + sizeof header, records.data(), records.size() * sizeof(SectionRecord));
  return out;
}

}  // namespace

const char* section_name(package::Kind kind) {
  switch (kind) {
    case package::Kind::kManifest: return "manifest";
    case package::Kind::kProgram: return "program";
    case package::Kind::kGolden: return "golden";
    case package::Kind::kSignature: return "signature";
  }
  return "unknown";
}

Tensor seeded_tensor(DataType dtype, const Shape& shape, uint64_t seed) {
  Tensor pixels(DataType::kU8, shape);
  for (int64_t i = 0; i < pixels.count(); ++i) {
    uint64_t z = seed + static_cast<uint64_t>(i) + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    pixels.data()[i] = static_cast<uint8_t>(z ^ (z >> 31));
  }
  if (dtype != DataType::kI8) return cast_tensor(pixels, dtype);
  return Tensor(DataType::kI8, shape, Bytes(pixels.bytes().begin(), pixels.bytes().end()));
}

namespace {

PlannedSection program_section(const PackageContents& contents) {
  if (!contents.packed) return {Kind::kProgram, {}, package::Codec::kStored, contents.program};
  return {Kind::kProgram, pack_program(contents.program), package::Codec::kPacked};
}

}  // namespace

Bytes make_package(const PackageContents& contents) {
  std::vector<PlannedSection> sections;
  if (!contents.program.empty()) sections.push_back(program_section(contents));
  if (!contents.golden.empty()) sections.push_back({Kind::kGolden, golden_bytes(contents.golden)});
  Json manifest = contents.manifest;
  manifest["format"] = package::kVersion;
  manifest["sections"] = Json::array();
  for (const PlannedSection& s : sections)
    manifest["sections"].push_back({{"kind", section_name(s.kind)}, {"bytes", s.bytes().size()}, {"sha256", sha256_hex(s.bytes())}});
  const std::string text = canonical_json(manifest);
  sections.insert(sections.begin(), {Kind::kManifest, Bytes(text.begin(), text.end())});

  return lay_out(sections);
}

Bytes with_section(const PackageFile& file, Kind kind, ByteSpan content) {
  std::vector<PlannedSection> sections;
  for (uint32_t i = 0; i < file.reader.section_count(); ++i) {
    const package::Section s = file.reader.section(i);
    if (const auto k = static_cast<Kind>(file.reader.record(i).kind); k != kind) sections.push_back({k, Bytes(s.data, s.data + s.bytes), s.codec});
  }
  sections.push_back({kind, Bytes(content.begin(), content.end())});
  return lay_out(sections);
}

bool looks_like_package(ByteSpan bytes) { return bytes.size() >= 4 && std::memcmp(bytes.data(), &package::kMagic, 4) == 0; }

Result<std::vector<GoldenVector>> PackageFile::golden() const {
  const package::Section s = reader.find(Kind::kGolden);
  if (!s) return std::vector<GoldenVector>{};
  return GoldenParser({s.data, s.bytes}).parse();
}

namespace {

Result<void> find_program(PackageFile& file) {
  const package::Section s = file.reader.find(Kind::kProgram);
  if (file.mapping) file.owner = file.mapping;
  file.program_bytes = {s.data, s.bytes};
  if (s.codec != package::Codec::kPacked) return done();
  VERGE_TRY(const Unpacked program, unpack_section(file.program_bytes));
  file.owner = program.owner;
  file.program_bytes = program.bytes;
  return done();
}

Result<PackageFile> opened(PackageFile file, ByteSpan bytes, const std::string& where, Verify verify) {
  if (!looks_like_package(bytes)) return corrupt(where + ": not a package (it does not begin with VPK1)");
  if (Status s = package::Reader::open(bytes.data(), bytes.size(), &file.reader); !s.ok()) {
    if (s.code() == Code::kIntegrity) return Error(s.code(), where + ": the manifest does not match its hash; the file was changed after it was written");
    if (s.code() == Code::kUnsupported) return Error(s.code(), where + ": written by a newer Verge (an unknown version or required section)");
    return Error(s.code(), where + ": damaged or cut short (" + with_commas(static_cast<int64_t>(bytes.size())) + " bytes)");
  }
  uint32_t bad = 0;
  if (verify == Verify::kFull && !file.reader.verify(&bad).ok())
    return Error(Code::kIntegrity, where + ": the section '" + section_name(static_cast<Kind>(file.reader.record(bad).kind)) + "' does not match its hash");
  const package::Section manifest = file.reader.find(Kind::kManifest);
  VERGE_TRY(file.manifest, parse_json({reinterpret_cast<const char*>(manifest.data), manifest.bytes}), where + ": manifest");
  if (!file.manifest.is_object()) return corrupt(where + ": the manifest is no JSON object");
  VERGE_CHECK(find_program(file), where);
  return file;
}

}  // namespace

Result<PackageFile> open_package(const std::string& path, Verify verify) {
  VERGE_TRY(MappedFile mapped, MappedFile::open(path));
  PackageFile file;
  file.mapping = std::make_shared<const MappedFile>(std::move(mapped));
  const ByteSpan bytes = file.mapping->bytes();
  return opened(std::move(file), bytes, "package '" + path + "'", verify);
}

Result<MemoryPackage> open_package_bytes(ByteSpan bytes, const std::string& name, Verify verify) {
  constexpr size_t kAlign = 64;
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(kAlign, (bytes.size() + kAlign) / kAlign * kAlign));
  if (!memory) return Error(Code::kOutOfMemory, "no memory for a package of " + std::to_string(bytes.size()) + " bytes");
  std::memcpy(memory, bytes.data(), bytes.size());
  PackageFile file;
  file.owner = std::shared_ptr<const void>(memory, std::free);
  VERGE_TRY(file, opened(std::move(file), {memory, bytes.size()}, "package '" + name + "'", verify));
  return MemoryPackage{std::move(file.manifest), file.owner, file.program_bytes};
}

}  // namespace verge
