#include "packaging/bundle.h"

#include <cstring>
#include <string>

#include "packaging/delta_make.h"

namespace verge {
namespace {

constexpr uint32_t kMagic = 0x31425056;  // "VPB1"
constexpr size_t kAlign = 64;
constexpr uint64_t kMostGrowth = 8;  // of a part when it is decoded

size_t aligned(size_t n) { return (n + kAlign - 1) / kAlign * kAlign; }
size_t header_bytes(size_t count) { return aligned(2 * sizeof(uint32_t) + count * sizeof(uint64_t)); }

template <typename T> T read(ByteSpan bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// The sizes of the parts, that all lie within the file.
Result<std::vector<size_t>> part_sizes(ByteSpan bundle) {
  if (!looks_like_bundle(bundle)) return corrupt("is no bundle of packages");
  const auto count = read<uint32_t>(bundle, sizeof(uint32_t));
  if (count < 2 || count > kMostVariants || header_bytes(count) > bundle.size()) return corrupt("the bundle says that it holds " + std::to_string(count) + " packages");
  std::vector<size_t> sizes;
  size_t end = header_bytes(count);
  for (uint32_t i = 0; i < count; ++i) {
    const auto bytes = read<uint64_t>(bundle, 2 * sizeof(uint32_t) + i * sizeof(uint64_t));
    if (bytes > bundle.size() || aligned(bytes) > bundle.size() - end) return corrupt("package " + std::to_string(i) + " reaches beyond the bundle's end");
    sizes.push_back(bytes);
    end += aligned(bytes);
  }
  if (end != bundle.size()) return corrupt("the bundle has " + std::to_string(bundle.size()) + " bytes, its parts take " + std::to_string(end));
  return sizes;
}

}  // namespace

bool looks_like_bundle(ByteSpan bytes) { return bytes.size() >= 2 * sizeof(uint32_t) && read<uint32_t>(bytes, 0) == kMagic; }

Result<Bytes> make_bundle(std::span<const Bytes> packages) {
  if (packages.size() < 2 || packages.size() > kMostVariants) return invalid("a bundle holds 2 to " + std::to_string(kMostVariants) + " packages, " + std::to_string(packages.size()) + " were given");
  std::vector<Bytes> parts;
  for (size_t i = 0; i < packages.size(); ++i) {
    if (!looks_like_package(packages[i])) return invalid("package " + std::to_string(i) + " is no .vpk");
    if (i == 0) {
      parts.push_back(packages[0]);
      continue;
    }
    VERGE_TRY(Delta delta, make_delta(packages[0], packages[i]));
    parts.push_back(std::move(delta.bytes));
  }
  Bytes out(header_bytes(parts.size()));
  const auto count = static_cast<uint32_t>(parts.size());
  std::memcpy(out.data(), &kMagic, sizeof kMagic);
  std::memcpy(out.data() + sizeof kMagic, &count, sizeof count);
  for (size_t i = 0; i < parts.size(); ++i) {
    const uint64_t bytes = parts[i].size();
    std::memcpy(out.data() + 2 * sizeof(uint32_t) + i * sizeof bytes, &bytes, sizeof bytes);
    out.insert(out.end(), parts[i].begin(), parts[i].end());
    out.resize(aligned(out.size()));
  }
  return out;
}

Result<std::vector<Bytes>> open_bundle(ByteSpan bundle) {
  VERGE_TRY(const std::vector<size_t> sizes, part_sizes(bundle));
  std::vector<Bytes> out;
  size_t at = header_bytes(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    const ByteSpan part = bundle.subspan(at, sizes[i]);
    if (i == 0) {
      out.emplace_back(part.begin(), part.end());
    } else {
      VERGE_TRY(Bytes package, apply_delta(out[0], part, kMostGrowth * bundle.size()), "package " + std::to_string(i) + " of the bundle");
      out.push_back(std::move(package));
    }
    at += aligned(sizes[i]);
  }
  return out;
}

}  // namespace verge
