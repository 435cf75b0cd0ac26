// HDF5 files as Keras and h5py write them, read from memory: groups by symbol table or by compact links, attributes, contiguous and compact arrays of numbers
// and text. Chunked, compressed and external arrays, and groups kept in a fractal heap, are refused with words.
//
// Every offset, length and count is checked against the bytes before it is used; what is read never exceeds the file, and cycles end at a fixed depth.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/tensor.h"

namespace verge::formats::keras {

class Hdf5 {
 public:
  // An object of the file: a group, or an array.
  struct Object {
    uint64_t header = 0;
  };

  // `bytes` outlive the Hdf5. kCorrupt when they are none.
  static Result<Hdf5> open(ByteSpan bytes);

  Object root() const { return root_; }
  // Names and objects of a group, in the file's order.
  Result<std::vector<std::pair<std::string, Object>>> members(Object group) const;
  // The object at a path of names between slashes; kNotFound names the first that is missing.
  Result<Object> find(Object from, const std::string& path) const;
  bool has(Object group, const std::string& name) const;

  // Text of a string attribute, and of an array of them; kNotFound where there is none.
  Result<std::string> text(Object object, const std::string& attribute) const;
  Result<std::vector<std::string>> texts(Object object, const std::string& attribute) const;
  // An array of numbers.
  Result<Tensor> array(Object object) const;

 private:
  struct Message {
    uint16_t type = 0;
    ByteSpan data;
  };
  struct Type {
    enum class Kind : uint8_t { kInteger, kFloat, kText, kSequenceText, kOther } kind = Kind::kOther;
    uint64_t size = 0;  // bytes of an element
    bool is_signed = false;
  };

  explicit Hdf5(ByteSpan bytes) : bytes_(bytes) {}
  Result<ByteSpan> at(uint64_t offset, uint64_t size) const;
  Result<std::vector<Message>> messages(Object object) const;
  Result<void> old_messages(ByteSpan block, size_t limit, std::vector<Message>& out, std::vector<ByteSpan>& more) const;
  Result<void> new_messages(ByteSpan block, bool ordered, std::vector<Message>& out, std::vector<ByteSpan>& more) const;
  Result<void> table_members(uint64_t tree, uint64_t heap, int depth, size_t& budget, std::vector<std::pair<std::string, Object>>& out) const;
  Result<void> node_members(uint64_t node, ByteSpan names, size_t& budget, std::vector<std::pair<std::string, Object>>& out) const;
  Result<std::string> heap_text(ByteSpan reference) const;
  static Result<Type> type_of(ByteSpan data);
  static Result<Shape> shape_of(ByteSpan data);

  ByteSpan bytes_;
  Object root_;
};

}  // namespace verge::formats::keras
