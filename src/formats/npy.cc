#include "formats/npy.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/text.h"
#include "formats/zip.h"

namespace verge::formats {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Kind {
  std::string_view code;  // of the descr, behind the byte order
  DataType dtype;
};
constexpr Kind kKinds[] = {{"f4", DataType::kF32}, {"f2", DataType::kF16}, {"f8", DataType::kF64}, {"i1", DataType::kI8},  {"u1", DataType::kU8},
                           {"i2", DataType::kI16}, {"u2", DataType::kU16}, {"i4", DataType::kI32}, {"u4", DataType::kU32}, {"i8", DataType::kI64},
                           {"u8", DataType::kU64}, {"b1", DataType::kBool}, {"V2", DataType::kBF16}};

struct Header {
  DataType dtype = DataType::kNone;
  bool swapped = false;
  bool fortran = false;
  Shape shape;
  size_t data_at = 0;
};

// The text after `'key':` in the header's Python dictionary, spaces skipped.
std::optional<std::string_view> entry(std::string_view header, std::string_view key) {
  for (const char* quote : {"'", "\""}) {
    const std::string quoted = quote + std::string(key) + quote;
    const size_t at = header.find(quoted);
    if (at == std::string_view::npos) continue;
    std::string_view rest = header.substr(at + quoted.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" :"), rest.size()));
    return rest;
  }
  return std::nullopt;
}

Result<void> read_descr(std::string_view header, Header& out) {
  const auto text = entry(header, "descr");
  if (!text || text->empty()) return corrupt("npy: the header has no 'descr'");
  if (text->front() != '\'' && text->front() != '"') return unsupported("npy: arrays of records are not supported");
  const size_t end = text->find(text->front(), 1);
  if (end == std::string_view::npos || end < 3) return corrupt("npy: 'descr' is cut off");
  const std::string_view descr = text->substr(1, end - 1), code = descr.substr(1);
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.code == code; });
  if (kind == std::end(kKinds) || std::string_view("<>|=").find(descr[0]) == std::string_view::npos)
    return unsupported("npy: elements of type '" + std::string(descr) + "' are not supported (integers, floats and bool are)");
  out.dtype = kind->dtype;
  out.swapped = descr[0] == '>';
  return done();
}

Result<void> read_shape(std::string_view header, Header& out) {
  auto text = entry(header, "shape");
  if (!text || text->empty() || text->front() != '(') return corrupt("npy: the header has no 'shape'");
  text->remove_prefix(1);
  while (true) {
    text->remove_prefix(std::min(text->find_first_not_of(" ,"), text->size()));
    if (text->empty()) return corrupt("npy: 'shape' is cut off");
    if (text->front() == ')') return done();
    const size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
    if (digits == 0 || digits > 10) return corrupt("npy: 'shape' is not a tuple of sizes");
    const int64_t size = std::stoll(std::string(text->substr(0, digits)));
    if (size > std::numeric_limits<int32_t>::max()) return unsupported("npy: a dimension of " + std::to_string(size) + " is too large");
    if (out.shape.rank == kMaxRank) return unsupported("npy: more than " + std::to_string(kMaxRank) + " dimensions");
    out.shape.dim[out.shape.rank++] = static_cast<int32_t>(size);
    text->remove_prefix(digits);
  }
}

Result<Header> read_header(ByteSpan bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!starts_with(text, kMagic) || text.size() < 12) return corrupt("not an npy file: it does not begin with \\x93NUMPY");
  const int version = bytes[6];
  if (version < 1 || version > 3) return unsupported("npy: format version " + std::to_string(version) + " (1 to 3 are supported)");
  const size_t start = version == 1 ? 10 : 12;
  size_t length = 0;
  for (size_t i = 8; i < start; ++i) length |= static_cast<size_t>(bytes[i]) << (8 * (i - 8));
  if (length > text.size() - start) return corrupt("npy: the header is cut off");
  const std::string_view header = text.substr(start, length);
  Header out;
  out.data_at = start + length;
  VERGE_CHECK(read_descr(header, out));
  VERGE_CHECK(read_shape(header, out));
  const auto order = entry(header, "fortran_order");
  if (!order) return corrupt("npy: the header has no 'fortran_order'");
  out.fortran = starts_with(*order, "True");
  return out;
}

void swap_bytes(Bytes& bytes, size_t width) {
  for (size_t i = 0; i + width <= bytes.size(); i += width) std::reverse(bytes.begin() + i, bytes.begin() + i + width);
}

// From first dimension fastest to last dimension fastest.
Bytes row_major(const Bytes& columns, const Shape& shape, size_t width) {
  Bytes out(columns.size());
  if (shape.count() == 0) return out;  // the other dimensions may be of any size
  int64_t stride[kMaxRank], index[kMaxRank] = {};
  for (int i = 0; i < shape.rank; ++i) stride[i] = i == 0 ? 1 : stride[i - 1] * shape[i - 1];
  int64_t from = 0;
  for (size_t to = 0; to < out.size(); to += width) {
    std::memcpy(&out[to], &columns[from * width], width);
    for (int i = shape.rank - 1; i >= 0; --i) {
      from += stride[i];
      if (++index[i] < shape[i]) break;
      from -= stride[i] * shape[i];
      index[i] = 0;
    }
  }
  return out;
}

// Elements of the shape when `bytes` hold exactly that many; nothing wraps on hostile dimensions.
bool fills(const Shape& shape, size_t width, size_t bytes) {
  uint64_t count = 1;
  for (int i = 0; i < shape.rank; ++i)
    if (shape[i] == 0) return bytes == 0;
  for (int i = 0; i < shape.rank; ++i) {
    count *= static_cast<uint64_t>(shape[i]);
    if (count > bytes) return false;
  }
  return count * width == bytes;
}

}  // namespace

Result<Tensor> read_npy(ByteSpan bytes) {
  VERGE_TRY(const Header header, read_header(bytes));
  const size_t width = dtype_bytes(header.dtype, 1);
  const ByteSpan data = bytes.subspan(header.data_at);
  if (!fills(header.shape, width, data.size()))
    return corrupt("npy: " + std::string(dtype_name(header.dtype)) + bracketed(std::vector<int>(header.shape.dim, header.shape.dim + header.shape.rank)) +
                   " does not fit the " + std::to_string(data.size()) + " bytes behind the header");
  Bytes content(data.begin(), data.end());
  if (header.swapped) swap_bytes(content, width);
  if (header.fortran) content = row_major(content, header.shape, width);
  if (header.dtype == DataType::kBool)
    for (uint8_t& b : content) b = b != 0;
  return Tensor(header.dtype, header.shape, std::move(content));
}

Result<Bytes> write_npy(const Tensor& tensor) {
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.dtype == tensor.dtype(); });
  if (kind == std::end(kKinds)) return unsupported(std::string("npy: ") + dtype_name(tensor.dtype()) + " has no NumPy type");
  std::string header = std::string("{'descr': '") + (dtype_bytes(tensor.dtype(), 1) == 1 ? "|" : "<") + std::string(kind->code) +
                       "', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < tensor.shape().rank; ++i) header += std::to_string(tensor.shape()[i]) + (i + 1 < tensor.shape().rank ? ", " : "");
  header += tensor.shape().rank == 1 ? ",), }" : "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';  // the data are aligned to 64 bytes
  header += '\n';
  const std::string start = std::string(kMagic) + std::string({1, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)}) + header;
  Bytes out(start.begin(), start.end());
  out.insert(out.end(), tensor.bytes().begin(), tensor.bytes().end());
  return out;
}

Result<std::vector<std::pair<std::string, Tensor>>> read_npz(ByteSpan bytes) {
  VERGE_TRY(const std::vector<ZipEntry> entries, zip_entries(bytes));
  std::vector<std::pair<std::string, Tensor>> out;
  for (const ZipEntry& entry : entries) {
    if (!ends_with(entry.name, ".npy")) continue;
    VERGE_TRY(const Bytes content, unzip(bytes, entry));
    VERGE_TRY(Tensor tensor, read_npy(content), "'" + entry.name + "'");
    out.emplace_back(entry.name.substr(0, entry.name.size() - 4), std::move(tensor));
  }
  return out;
}

}  // namespace verge::formats
