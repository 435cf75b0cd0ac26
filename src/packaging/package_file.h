// Packages on the host: the manifest as JSON, writing, opening by path.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/json.h"
#include "core/result.h"
#include "ir/tensor.h"
#include "os/file.h"
#include "package/reader.h"

namespace verge {

// Inputs and outputs that the program reproduces to the bit (integers) or within tolerance (floats): the health check that travels with the model.
struct GoldenVector {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

struct PackageContents {
  Json manifest;  // what the writer adds: "format", "sections"
  Bytes program;
  std::vector<GoldenVector> golden;
  bool packed = false;  // the program entropy coded: smaller in the file, decoded into memory when it is loaded
};

// Pixels that look like noise and cost a package eight bytes: element i is the low byte of splitmix64(seed + i), as f32, u8 or i8.
Tensor seeded_tensor(DataType dtype, const Shape& shape, uint64_t seed);

// The package's bytes; the same contents give the same bytes.
Bytes make_package(const PackageContents& contents);

// A package mapped from a file. The program runs in place as long as the object (or a copy of `mapping`) lives.
struct PackageFile {
  std::shared_ptr<const MappedFile> mapping;
  package::Reader reader;
  Json manifest;
  std::shared_ptr<const void> owner;  // of program()'s bytes: the mapping, or the memory that a packed program was decoded into
  ByteSpan program_bytes;

  ByteSpan program() const { return program_bytes; }
  Result<std::vector<GoldenVector>> golden() const;
};

enum class Verify { kStructure, kFull };

// Errors name the file. kFull compares every section with its hash.
Result<PackageFile> open_package(const std::string& path, Verify verify = Verify::kStructure);
bool looks_like_package(ByteSpan bytes);
// "program", "golden", ...: how the manifest names a section
const char* section_name(package::Kind kind);

// The package's bytes with `content` as its only section of this kind, at the end.
Bytes with_section(const PackageFile& package, package::Kind kind, ByteSpan content);

}  // namespace verge
