// Files on a small Linux device: a map for the package, plain reads and writes, .npy of version 1.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/tensor_view.h"
#include "package/reader.h"

namespace verge::device {

struct Mapped {
  const uint8_t* data = nullptr;
  size_t bytes = 0;
};
// False when the file cannot be mapped; errno says why.
bool map_file(const char* path, Mapped* file);
void unmap_file(const Mapped& file);

// Memory that a packed section was decoded into; data is null when there is none to be had or the section is damaged. free() ends it.
Mapped unpacked(const package::Section& section);

// Reads exactly the tensor's bytes from a .npy of its type and shape, or from a raw file of that size. False with `why` set otherwise.
bool read_tensor(const char* path, const TensorView& tensor, const char** why);
// Writes a .npy when the name ends so, else the raw bytes.
bool write_tensor(const char* path, const TensorView& tensor);

}  // namespace verge::device
