#include "verge-rt/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "package/packed.h"

namespace verge::device {
namespace {

bool ends_with(const char* text, const char* end) {
  const size_t n = std::strlen(text), m = std::strlen(end);
  return n >= m && std::strcmp(text + n - m, end) == 0;
}

const char* npy_type(DataType dtype) {
  switch (dtype) {
    case DataType::kF32: return "<f4";
    case DataType::kF64: return "<f8";
    case DataType::kI8: return "|i1";
    case DataType::kU8: return "|u1";
    case DataType::kI16: return "<i2";
    case DataType::kI32: return "<i4";
    case DataType::kI64: return "<i8";
    case DataType::kBool: return "|b1";
    default: return nullptr;
  }
}

// The header that NumPy writes for this tensor, padded so that the data begins at a multiple of 64; returns its length, 0 for a type without name.
size_t npy_header(const TensorView& tensor, char (&out)[256]) {
  const char* type = npy_type(tensor.dtype);
  if (!type) return 0;
  char shape[128];
  int n = 0;
  for (int i = 0; i < tensor.shape.rank; ++i) n += std::snprintf(shape + n, sizeof shape - static_cast<size_t>(n), "%d, ", static_cast<int>(tensor.shape[i]));
  if (n > 0) shape[n - (tensor.shape.rank == 1 ? 1 : 2)] = 0;  // "(5,)" but "(2, 3)"
  if (n == 0) shape[0] = 0;
  int length = std::snprintf(out + 10, sizeof out - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
  while ((10 + length + 1) % 64 != 0) out[10 + length++] = ' ';
  out[10 + length++] = '\n';
  std::memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = static_cast<char>(length & 255);
  out[9] = static_cast<char>(length >> 8);
  return static_cast<size_t>(10 + length);
}

// The text after a key of the header, spaces skipped.
const char* value_of(const char* header, const char* key) {
  const char* at = std::strstr(header, key);
  if (!at) return "";
  at += std::strlen(key);
  while (*at == ' ' || *at == ':' || *at == '\'') ++at;
  return at;
}

bool shape_matches(const char* text, const Shape& shape) {
  if (*text != '(') return false;
  ++text;
  for (int i = 0; i < shape.rank; ++i) {
    char* end = nullptr;
    if (std::strtol(text, &end, 10) != shape[i] || end == text) return false;
    text = end;
    while (*text == ',' || *text == ' ') ++text;
  }
  return *text == ')';
}

}  // namespace

bool map_file(const char* path, Mapped* file) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat info;
  void* data = MAP_FAILED;
  if (::fstat(fd, &info) == 0 && info.st_size > 0) data = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (data == MAP_FAILED) return false;
  *file = {static_cast<const uint8_t*>(data), static_cast<size_t>(info.st_size)};
  return true;
}

void unmap_file(const Mapped& file) {
  if (file.data) munmap(const_cast<uint8_t*>(file.data), file.bytes);
}

Mapped unpacked(const package::Section& section) {
  const uint64_t bytes = package::unpacked_bytes(section.data, section.bytes);
  if (bytes == 0 || bytes / 4096 > section.bytes) return {};
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(package::kAlignment, (bytes + package::kAlignment - 1) / package::kAlignment * package::kAlignment));
  auto* models = static_cast<package::PackedModels*>(std::malloc(sizeof(package::PackedModels)));
  const bool ok = memory && models && package::unpack(section.data, section.bytes, *models, memory, bytes).ok();
  std::free(models);
  if (ok) return {memory, static_cast<size_t>(bytes)};
  std::free(memory);
  return {};
}

bool read_tensor(const char* path, const TensorView& tensor, const char** why) {
  Mapped file;
  *why = "cannot be read";
  if (!map_file(path, &file)) return false;
  const uint8_t* data = file.data;
  size_t bytes = file.bytes;
  if (ends_with(path, ".npy")) {
    char header[1024] = {};
    const size_t length = bytes > 10 && std::memcmp(data, "\x93NUMPY\x01", 7) == 0 ? static_cast<size_t>(data[8]) + 256u * data[9] : 0;
    *why = "is no .npy of version 1";
    if (length == 0 || length >= sizeof header || 10 + length > bytes) return false;
    std::memcpy(header, data + 10, length);
    *why = "has another element type, shape or order than the input";
    const char* type = npy_type(tensor.dtype);
    if (!type || std::strncmp(value_of(header, "'descr'"), type, 3) != 0 || std::strncmp(value_of(header, "'fortran_order'"), "False", 5) != 0) return false;
    if (!shape_matches(value_of(header, "'shape'"), tensor.shape)) return false;
    data += 10 + length;
    bytes -= 10 + length;
  }
  *why = "has another size than the input";
  if (bytes != tensor.bytes()) return false;
  std::memcpy(tensor.data, data, bytes);
  ::munmap(const_cast<uint8_t*>(file.data), file.bytes);
  return true;
}

bool write_tensor(const char* path, const TensorView& tensor) {
  char header[256];
  const size_t length = ends_with(path, ".npy") ? npy_header(tensor, header) : 0;
  std::FILE* file = std::fopen(path, "wb");
  if (!file) return false;
  bool ok = std::fwrite(header, 1, length, file) == length && std::fwrite(tensor.data, 1, tensor.bytes(), file) == tensor.bytes();
  ok = std::fclose(file) == 0 && ok;
  return ok;
}

}  // namespace verge::device
