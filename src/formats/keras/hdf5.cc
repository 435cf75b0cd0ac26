#include "formats/keras/hdf5.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace verge::formats::keras {
namespace {

// Types of the messages in an object's header.
enum : uint16_t { kDataspace = 1, kLinkInfo = 2, kDatatype = 3, kLink = 6, kLayout = 8, kFilters = 11, kAttribute = 12, kContinuation = 16, kSymbolTable = 17 };

constexpr int kDeepest = 16;          // of a tree of groups' names
constexpr size_t kMostBlocks = 1024;  // of one object's header
constexpr uint64_t kNowhere = ~uint64_t{0};

constexpr uint8_t kSignature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

// Little-endian numbers off the front of some bytes; reading beyond the end gives zeros and is remembered.
class Cursor {
 public:
  explicit Cursor(ByteSpan bytes) : bytes_(bytes) {}

  uint64_t number(size_t size) {
    if (size > left()) return fail();
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= uint64_t{bytes_[at_ + i]} << (8 * i);
    at_ += size;
    return value;
  }
  ByteSpan take(uint64_t size) {
    if (size > left()) return fail(), ByteSpan();
    const ByteSpan out = bytes_.subspan(at_, size);
    at_ += size;
    return out;
  }
  void skip(uint64_t size) { (void)take(size); }
  void align() { skip(std::min<uint64_t>((8 - at_ % 8) % 8, left())); }
  uint64_t left() const { return bytes_.size() - at_; }
  bool ok() const { return ok_; }

 private:
  uint64_t fail() {
    ok_ = false;
    at_ = bytes_.size();
    return 0;
  }
  ByteSpan bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

Error damaged(const std::string& what) { return corrupt("the HDF5 file is damaged: " + what); }

bool starts_with(ByteSpan bytes, const char* mark) { return bytes.size() >= 4 && std::memcmp(bytes.data(), mark, 4) == 0; }

std::string until_zero(ByteSpan bytes) { return {bytes.begin(), std::find(bytes.begin(), bytes.end(), uint8_t{0})}; }

// What an attribute message holds.
struct AttributeParts {
  std::string name;
  ByteSpan type, space, data;
};

Result<AttributeParts> attribute_of(ByteSpan message) {
  Cursor c(message);
  const uint64_t version = c.number(1);
  c.skip(1);
  const uint64_t name = c.number(2), type = c.number(2), space = c.number(2);
  if (version < 1 || version > 3) return unsupported("an attribute of version " + std::to_string(version));
  if (version == 3) c.skip(1);
  const auto part = [&](uint64_t size) {
    const ByteSpan out = c.take(size);
    if (version == 1) c.skip(std::min<uint64_t>((8 - size % 8) % 8, c.left()));
    return out;
  };
  AttributeParts out;
  out.name = until_zero(part(name));
  out.type = part(type);
  out.space = part(space);
  if (!c.ok()) return damaged("an attribute reaches beyond its message");
  out.data = c.take(c.left());
  return out;
}

}  // namespace

Result<ByteSpan> Hdf5::at(uint64_t offset, uint64_t size) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) return damaged("something lies outside its " + with_commas(static_cast<int64_t>(bytes_.size())) + " bytes");
  return bytes_.subspan(offset, size);
}

Result<Hdf5> Hdf5::open(ByteSpan bytes) {
  if (bytes.size() < 96 || std::memcmp(bytes.data(), kSignature, sizeof(kSignature)) != 0) return corrupt("not an HDF5 file");
  const uint8_t version = bytes[8];
  const bool old = version < 2;
  if (version > 3) return unsupported("an HDF5 superblock of version " + std::to_string(version));
  if (bytes[old ? 13 : 9] != 8 || bytes[old ? 14 : 10] != 8) return unsupported("an HDF5 file with offsets of other than 8 bytes");
  const uint64_t end = Cursor(bytes.subspan(old ? (version == 1 ? 44 : 40) : 28)).number(8);
  if (end > bytes.size()) return corrupt("the file is cut short: it has " + std::to_string(bytes.size()) + " bytes and says that it has " + std::to_string(end));
  Hdf5 file(bytes);
  // The root's header: in the symbol table entry behind four addresses, or named by the superblock itself.
  const size_t from = old ? 64 + (version == 1 ? 4 : 0) : 36;
  file.root_.header = Cursor(bytes.subspan(from)).number(8);
  return file;
}

Result<void> Hdf5::old_messages(ByteSpan block, size_t limit, std::vector<Message>& out, std::vector<ByteSpan>& more) const {
  Cursor c(block);
  while (c.left() >= 8 && out.size() < limit) {
    const auto type = static_cast<uint16_t>(c.number(2));
    const uint64_t size = c.number(2);
    c.skip(4);
    const ByteSpan data = c.take(size);
    if (!c.ok()) return damaged("a header message reaches beyond its block");
    out.push_back({type, data});
    if (type != kContinuation) continue;
    Cursor where(data);
    const uint64_t offset = where.number(8), length = where.number(8);
    VERGE_TRY(more.emplace_back(), at(offset, length));
  }
  return done();
}

Result<void> Hdf5::new_messages(ByteSpan block, bool ordered, std::vector<Message>& out, std::vector<ByteSpan>& more) const {
  Cursor c(block);
  while (c.left() >= 4 + (ordered ? 2 : 0)) {
    const auto type = static_cast<uint16_t>(c.number(1));
    const uint64_t size = c.number(2);
    c.skip(1 + (ordered ? 2 : 0));
    const ByteSpan data = c.take(size);
    if (!c.ok()) return damaged("a header message reaches beyond its block");
    out.push_back({type, data});
    if (type != kContinuation) continue;
    Cursor where(data);
    const uint64_t offset = where.number(8), length = where.number(8);
    VERGE_TRY(const ByteSpan chunk, at(offset, length));
    if (!starts_with(chunk, "OCHK") || chunk.size() < 8) return damaged("a header goes on where no header is");
    more.push_back(chunk.subspan(4, chunk.size() - 8));
  }
  return done();
}

Result<std::vector<Hdf5::Message>> Hdf5::messages(Object object) const {
  VERGE_TRY(const ByteSpan rest, at(object.header, 0).ok() ? Result<ByteSpan>(bytes_.subspan(object.header)) : Result<ByteSpan>(damaged("an object lies outside")));
  std::vector<Message> out;
  std::vector<ByteSpan> blocks;
  Cursor c(rest);
  bool old = false, ordered = false;
  size_t limit = 0;
  if (starts_with(rest, "OHDR")) {
    c.skip(5);
    const uint64_t flags = c.number(1);
    if (flags & 0x20) c.skip(16);
    if (flags & 0x10) c.skip(4);
    ordered = (flags & 4) != 0;
    const uint64_t size = c.number(size_t{1} << (flags & 3));
    blocks.push_back(c.take(size));
  } else {
    old = true;
    if (c.number(1) != 1) return damaged("an object has no header");
    c.skip(1);
    limit = c.number(2);
    c.skip(4);
    const uint64_t size = c.number(4);
    c.skip(4);
    blocks.push_back(c.take(size));
  }
  if (!c.ok()) return damaged("an object's header reaches beyond the file");
  size_t total = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    total += blocks[i].size();
    if (i >= kMostBlocks || total > bytes_.size()) return damaged("an object's header goes round in circles");
    const ByteSpan block = blocks[i];
    VERGE_CHECK(old ? old_messages(block, limit, out, blocks) : new_messages(block, ordered, out, blocks));
  }
  return out;
}

Result<void> Hdf5::node_members(uint64_t node, ByteSpan names, size_t& budget, std::vector<std::pair<std::string, Object>>& out) const {
  VERGE_TRY(const ByteSpan head, at(node, 8));
  if (!starts_with(head, "SNOD")) return damaged("a group's table has a node that is none");
  const uint64_t count = Cursor(head.subspan(6)).number(2);
  VERGE_TRY(const ByteSpan entries, at(node + 8, count * 40));
  Cursor c(entries);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t name = c.number(8), header = c.number(8);
    c.skip(24);
    if (name >= names.size()) return damaged("a name lies outside its heap");
    if (budget-- == 0) return damaged("its groups have more members than the file has room for");
    out.emplace_back(until_zero(names.subspan(name)), Object{header});
  }
  return done();
}

Result<void> Hdf5::table_members(uint64_t tree, uint64_t heap, int depth, size_t& budget, std::vector<std::pair<std::string, Object>>& out) const {
  if (depth > kDeepest) return damaged("a group's table is deeper than " + std::to_string(kDeepest));
  VERGE_TRY(const ByteSpan heap_head, at(heap, 32));
  if (!starts_with(heap_head, "HEAP")) return damaged("a group has no heap of names");
  Cursor h(heap_head.subspan(8));
  const uint64_t size = h.number(8);
  h.skip(8);
  const uint64_t data = h.number(8);
  VERGE_TRY(const ByteSpan names, at(data, size));
  VERGE_TRY(const ByteSpan head, at(tree, 24));
  if (!starts_with(head, "TREE") || head[4] != 0) return damaged("a group has no table");
  const uint64_t count = Cursor(head.subspan(6)).number(2);
  VERGE_TRY(const ByteSpan entries, at(tree + 24, count * 16 + 8));
  Cursor c(entries);
  for (uint64_t i = 0; i < count; ++i) {
    c.skip(8);
    const uint64_t child = c.number(8);
    if (budget-- == 0) return damaged("its groups have more members than the file has room for");
    if (head[5] == 0) {
      VERGE_CHECK(node_members(child, names, budget, out));
    } else {
      VERGE_CHECK(table_members(child, heap, depth + 1, budget, out));
    }
  }
  return done();
}

Result<std::vector<std::pair<std::string, Hdf5::Object>>> Hdf5::members(Object group) const {
  VERGE_TRY(const std::vector<Message> all, messages(group));
  std::vector<std::pair<std::string, Object>> out;
  size_t budget = bytes_.size() / 16;
  for (const Message& m : all) {
    Cursor c(m.data);
    if (m.type == kSymbolTable) {
      const uint64_t tree = c.number(8), heap = c.number(8);
      VERGE_CHECK(table_members(tree, heap, 0, budget, out));
    } else if (m.type == kLink) {
      c.skip(1);
      const uint64_t flags = c.number(1), kind = flags & 8 ? c.number(1) : 0;
      if (flags & 4) c.skip(8);
      if (flags & 0x10) c.skip(1);
      const ByteSpan name = c.take(c.number(size_t{1} << (flags & 3)));
      const uint64_t header = c.number(8);
      if (!c.ok()) return damaged("a link reaches beyond its message");
      if (kind == 0) out.emplace_back(std::string(name.begin(), name.end()), Object{header});
    } else if (m.type == kLinkInfo) {
      c.skip(1);
      const uint64_t flags = c.number(1);
      if (flags & 1) c.skip(8);
      if (c.number(8) != kNowhere && c.ok()) return unsupported("a group whose members lie in a fractal heap; save the file with h5py's libver='earliest'");
    }
  }
  return out;
}

bool Hdf5::has(Object group, const std::string& name) const { return find(group, name).ok(); }

Result<Hdf5::Object> Hdf5::find(Object from, const std::string& path) const {
  for (const std::string& name : split(path, '/')) {
    if (name.empty()) continue;
    VERGE_TRY(const auto all, members(from));
    const auto it = std::find_if(all.begin(), all.end(), [&](const auto& member) { return member.first == name; });
    if (it == all.end()) return not_found("'" + name + "' of '" + path + "'");
    from = it->second;
  }
  return from;
}

Result<Hdf5::Type> Hdf5::type_of(ByteSpan data) {
  Cursor c(data);
  const uint64_t kind = c.number(1) & 15, bits = c.number(3), size = c.number(4);
  if (!c.ok() || size == 0) return damaged("a type without size");
  Type type;
  type.size = size;
  if ((kind == 0 || kind == 1) && (bits & 1)) return unsupported("big-endian numbers");
  type.is_signed = (bits & 8) != 0;
  type.kind = kind == 0 ? Type::Kind::kInteger : kind == 1 ? Type::Kind::kFloat : kind == 3 ? Type::Kind::kText : kind == 9 && (bits & 15) == 1 ? Type::Kind::kSequenceText : Type::Kind::kOther;
  return type;
}

Result<Shape> Hdf5::shape_of(ByteSpan data) {
  Cursor c(data);
  const uint64_t version = c.number(1), rank = c.number(1);
  c.skip(version == 1 ? 6 : 2);
  if (rank > kMaxRank) return unsupported("an array of rank " + std::to_string(rank));
  Shape shape;
  int64_t count = 1;
  for (uint64_t i = 0; i < rank; ++i) {
    const uint64_t n = c.number(8);
    if (n > INT32_MAX || (count *= std::max<int64_t>(static_cast<int64_t>(n), 1)) > INT32_MAX) return unsupported("an array of more than 2^31 elements");
    shape[shape.rank++] = static_cast<int32_t>(n);
  }
  if (!c.ok()) return damaged("a shape reaches beyond its message");
  return shape;
}

// length, address of a collection, index in it.
Result<std::string> Hdf5::heap_text(ByteSpan reference) const {
  Cursor c(reference);
  const uint64_t length = c.number(4), collection = c.number(8), wanted = c.number(4);
  VERGE_TRY(const ByteSpan head, at(collection, 16));
  if (!starts_with(head, "GCOL")) return damaged("text points to no heap");
  VERGE_TRY(const ByteSpan all, at(collection, Cursor(head.subspan(8)).number(8)));
  if (all.size() < 16) return damaged("a heap without objects");
  Cursor objects(all.subspan(16));
  while (objects.left() >= 16) {
    const uint64_t index = objects.number(2);
    objects.skip(6);
    const uint64_t size = objects.number(8);
    const ByteSpan data = objects.take(size);
    if (!objects.ok() || index == 0) break;
    if (index == wanted) return std::string(data.begin(), data.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(length, data.size())));
    objects.skip(std::min<uint64_t>((8 - size % 8) % 8, objects.left()));
  }
  return damaged("text points to nothing in its heap");
}

Result<std::vector<std::string>> Hdf5::texts(Object object, const std::string& attribute) const {
  VERGE_TRY(const std::vector<Message> all, messages(object));
  for (const Message& m : all) {
    if (m.type != kAttribute) continue;
    VERGE_TRY(const AttributeParts parts, attribute_of(m.data));
    if (parts.name != attribute) continue;
    VERGE_TRY(const Type type, type_of(parts.type));
    VERGE_TRY(const Shape shape, shape_of(parts.space));
    const auto count = static_cast<uint64_t>(shape.count());
    if (count == 0) return std::vector<std::string>();  // of any type: what numpy makes of an empty list
    if (type.kind != Type::Kind::kText && type.kind != Type::Kind::kSequenceText) return unsupported("attribute '" + attribute + "' is no text");
    if (count * type.size > parts.data.size()) return damaged("attribute '" + attribute + "' is cut off");
    std::vector<std::string> out;
    for (uint64_t i = 0; i < count; ++i) {
      const ByteSpan element = parts.data.subspan(i * type.size, type.size);
      VERGE_TRY(out.emplace_back(), type.kind == Type::Kind::kText ? Result<std::string>(until_zero(element)) : heap_text(element));
    }
    return out;
  }
  return not_found("attribute '" + attribute + "'");
}

Result<std::string> Hdf5::text(Object object, const std::string& attribute) const {
  VERGE_TRY(const std::vector<std::string> all, texts(object, attribute));
  if (all.size() != 1) return damaged("attribute '" + attribute + "' has " + std::to_string(all.size()) + " values, wants 1");
  return all[0];
}

Result<Tensor> Hdf5::array(Object object) const {
  VERGE_TRY(const std::vector<Message> all, messages(object));
  const auto message = [&](uint16_t type) {
    const auto it = std::find_if(all.begin(), all.end(), [&](const Message& m) { return m.type == type; });
    return it == all.end() ? ByteSpan() : it->data;
  };
  VERGE_TRY(const Type type, type_of(message(kDatatype)));
  VERGE_TRY(const Shape shape, shape_of(message(kDataspace)));
  Cursor layout(message(kLayout));
  const uint64_t version = layout.number(1), kind = layout.number(1);
  if (version != 3 && version != 4) return unsupported("an array whose layout has version " + std::to_string(version));
  if (kind == 2 || !message(kFilters).empty()) return unsupported("a chunked or compressed array; save the weights without compression");
  ByteSpan bytes;
  if (kind == 0) {
    bytes = layout.take(layout.number(2));
  } else if (kind == 1) {
    const uint64_t offset = layout.number(8), size = layout.number(8);
    VERGE_TRY(bytes, offset == kNowhere ? Result<ByteSpan>(ByteSpan()) : at(offset, size));
  } else {
    return unsupported("an array whose layout is of kind " + std::to_string(kind));
  }
  const bool is_float = type.kind == Type::Kind::kFloat, is_integer = type.kind == Type::Kind::kInteger;
  const DataType dtype = is_float && type.size == 4   ? DataType::kF32
                         : is_float && type.size == 8 ? DataType::kF64
                         : is_float && type.size == 2 ? DataType::kF16
                         : is_integer && type.size == 8 ? (type.is_signed ? DataType::kI64 : DataType::kU64)
                         : is_integer && type.size == 4 ? (type.is_signed ? DataType::kI32 : DataType::kU32)
                         : is_integer && type.size == 1 ? (type.is_signed ? DataType::kI8 : DataType::kU8)
                                                        : DataType::kNone;
  if (dtype == DataType::kNone) return unsupported("an array of another type than numbers of 1, 2, 4 or 8 bytes");
  const uint64_t wanted = static_cast<uint64_t>(shape.count()) * type.size;
  if (!layout.ok() || bytes.size() < wanted) return damaged("an array has " + std::to_string(bytes.size()) + " bytes of " + std::to_string(wanted));
  return Tensor(dtype, shape, Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(wanted)));
}

}  // namespace verge::formats::keras
