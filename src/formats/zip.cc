#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace verge::formats {
namespace {

constexpr uint32_t kEndMagic = 0x06054b50, kEntryMagic = 0x02014b50, kLocalMagic = 0x04034b50, kEnd64Magic = 0x06064b50, kLocator64Magic = 0x07064b50;
constexpr size_t kEndBytes = 22, kEntryBytes = 46, kLocalBytes = 30, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr uint32_t kIn64 = 0xffffffff;  // the real number stands in a zip64 record

template <typename T> T read(ByteSpan bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

bool holds(ByteSpan bytes, uint64_t at, uint64_t n) { return at <= bytes.size() && n <= bytes.size() - at; }

// The end record stands last, before a comment of at most 65,535 bytes.
std::optional<size_t> find_end(ByteSpan bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const size_t last = bytes.size() - kEndBytes, first = last > 0xffff ? last - 0xffff : 0;
  for (size_t at = last + 1; at-- > first;)
    if (read<uint32_t>(bytes, at) == kEndMagic) return at;
  return std::nullopt;
}

struct Directory {
  uint64_t at = 0;
  uint64_t entries = 0;
};

Result<Directory> find_directory(ByteSpan bytes) {
  const auto end = find_end(bytes);
  if (!end) return corrupt("not a zip archive: no end record");
  Directory directory{read<uint32_t>(bytes, *end + 16), read<uint16_t>(bytes, *end + 10)};
  if (directory.at != kIn64 && directory.entries != 0xffff) return directory;
  if (*end < kLocator64Bytes || read<uint32_t>(bytes, *end - kLocator64Bytes) != kLocator64Magic) return directory;
  const uint64_t end64 = read<uint64_t>(bytes, *end - kLocator64Bytes + 8);
  if (!holds(bytes, end64, kEnd64Bytes) || read<uint32_t>(bytes, end64) != kEnd64Magic) return corrupt("zip archive: its zip64 record is damaged");
  return Directory{read<uint64_t>(bytes, end64 + 48), read<uint64_t>(bytes, end64 + 32)};
}

// The zip64 extra field holds, in this order, those of (size, packed size, offset) that the plain fields could not.
void apply_zip64(ByteSpan extra, ZipEntry& entry) {
  while (extra.size() >= 4) {
    const uint16_t id = read<uint16_t>(extra, 0), n = read<uint16_t>(extra, 2);
    if (!holds(extra, 4, n)) return;
    if (id == 1) {
      ByteSpan field = extra.subspan(4, n);
      for (uint64_t* number : {&entry.bytes, &entry.packed_bytes, &entry.header_at}) {
        if (*number != kIn64 || field.size() < 8) continue;
        *number = read<uint64_t>(field, 0);
        field = field.subspan(8);
      }
    }
    extra = extra.subspan(4 + n);
  }
}

Result<Bytes> inflate_raw(ByteSpan packed, uint64_t bytes) {
  if (bytes > packed.size() * uint64_t{1032} + 64) return corrupt("claims to expand to " + std::to_string(bytes) + " bytes, more than deflate can");
  Bytes out(bytes);
  uint8_t spare = 0;  // zlib refuses a null output
  z_stream stream{};
  stream.next_in = const_cast<uint8_t*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = out.empty() ? &spare : out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return internal("zlib does not start");
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.total_out != bytes) return corrupt("its deflated bytes are damaged");
  return out;
}

}  // namespace

Result<std::vector<ZipEntry>> zip_entries(ByteSpan archive) {
  VERGE_TRY(const Directory directory, find_directory(archive));
  std::vector<ZipEntry> out;
  uint64_t at = directory.at, packed = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (!holds(archive, at, kEntryBytes) || read<uint32_t>(archive, at) != kEntryMagic)
      return corrupt("zip archive: directory entry " + std::to_string(i) + " of " + std::to_string(directory.entries) + " is damaged");
    const uint64_t name = read<uint16_t>(archive, at + 28), extra = read<uint16_t>(archive, at + 30), comment = read<uint16_t>(archive, at + 32);
    if (!holds(archive, at + kEntryBytes, name + extra + comment)) return corrupt("zip archive: directory entry " + std::to_string(i) + " is cut off");
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char*>(archive.data()) + at + kEntryBytes, name);
    entry.method = read<uint16_t>(archive, at + 10);
    entry.crc = read<uint32_t>(archive, at + 16);
    entry.packed_bytes = read<uint32_t>(archive, at + 20);
    entry.bytes = read<uint32_t>(archive, at + 24);
    entry.header_at = read<uint32_t>(archive, at + 42);
    apply_zip64(archive.subspan(at + kEntryBytes + name, extra), entry);
    packed += std::min(entry.packed_bytes, uint64_t{1} << 40);
    if (packed > archive.size()) return corrupt("zip archive: its entries claim more bytes than it has, or overlap");
    out.push_back(std::move(entry));
    at += kEntryBytes + name + extra + comment;
  }
  return out;
}

Result<Bytes> unzip(ByteSpan archive, const ZipEntry& entry) {
  const std::string where = "zip entry '" + entry.name + "'";
  if (!holds(archive, entry.header_at, kLocalBytes) || read<uint32_t>(archive, entry.header_at) != kLocalMagic) return corrupt(where + ": no local header");
  const uint64_t start = entry.header_at + kLocalBytes + read<uint16_t>(archive, entry.header_at + 26) + read<uint16_t>(archive, entry.header_at + 28);
  if (!holds(archive, start, entry.packed_bytes)) return corrupt(where + ": its bytes lie outside the archive");
  const ByteSpan packed = archive.subspan(start, entry.packed_bytes);
  constexpr uint64_t kMost = 0xffffffff;  // zlib counts in 32 bits
  if (packed.size() > kMost || entry.bytes > kMost) return unsupported(where + ": larger than 4 GB");
  Bytes out;
  if (entry.method == 0) {
    out.assign(packed.begin(), packed.end());
  } else if (entry.method == 8) {
    VERGE_TRY(out, inflate_raw(packed, entry.bytes), where);
  } else {
    return unsupported(where + ": compression method " + std::to_string(entry.method) + " (0 stored and 8 deflated are supported)");
  }
  if (out.size() != entry.bytes) return corrupt(where + ": holds " + std::to_string(out.size()) + " bytes, wants " + std::to_string(entry.bytes));
  if (crc32(0, out.data(), static_cast<uInt>(out.size())) != entry.crc) return corrupt(where + ": its sum does not match");
  return out;
}

}  // namespace verge::formats
