#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "formats/state/pickle.h"
#include "formats/state/state.h"
#include "formats/zip.h"

namespace verge::formats {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMostDepth = 64, kMostTimesTheFile = 16;

// "torch FloatStorage" -> f32. kNone: no storage of numbers that a Tensor holds.
DataType storage_type(const std::string& global) {
  static const std::map<std::string, DataType> kTypes = {{"torch FloatStorage", DataType::kF32},    {"torch DoubleStorage", DataType::kF64}, {"torch HalfStorage", DataType::kF16},
                                                         {"torch BFloat16Storage", DataType::kBF16}, {"torch LongStorage", DataType::kI64},   {"torch IntStorage", DataType::kI32},
                                                         {"torch ShortStorage", DataType::kI16},    {"torch CharStorage", DataType::kI8},    {"torch ByteStorage", DataType::kU8},
                                                         {"torch BoolStorage", DataType::kBool},    {"torch.storage UntypedStorage", DataType::kU8}};
  const auto it = kTypes.find(global);
  return it == kTypes.end() ? DataType::kNone : it->second;
}

struct Storage {
  ByteSpan bytes;
  DataType dtype = DataType::kNone;
  std::string type;
};

// Finds the bytes behind a storage's persistent id.
class Storages {
 public:
  virtual ~Storages() = default;
  virtual Result<ByteSpan> bytes(const std::string& key, DataType dtype, int64_t elements) = 0;
};

const PickleValue* item(const PickleValue& v, size_t i, Kind kind) { return i < v.items.size() && v.items[i]->is(kind) ? v.items[i] : nullptr; }

// ('storage', type, key, place, elements[, view])
Result<Storage> storage_of(const PickleValue& v, Storages& storages) {
  const PickleValue* id = v.is(Kind::kPersistent) ? item(v, 0, Kind::kList) : nullptr;
  const PickleValue *type = id ? item(*id, 1, Kind::kGlobal) : nullptr, *key = id ? item(*id, 2, Kind::kText) : nullptr, *count = id ? item(*id, 4, Kind::kInteger) : nullptr;
  if (!type || !key || !count || count->integer < 0) return corrupt("its storage is not described as PyTorch does");
  Storage out{{}, storage_type(type->text), type->text};
  if (out.dtype == DataType::kNone) return unsupported("its storage is a " + type->text.substr(type->text.find(' ') + 1));
  VERGE_TRY(out.bytes, storages.bytes(key->text, out.dtype, count->integer));
  const PickleValue* view = item(*id, 5, Kind::kList);  // files before 1.6: (key, offset, elements)
  if (!view) return out;
  const PickleValue *offset = item(*view, 1, Kind::kInteger), *size = item(*view, 2, Kind::kInteger);
  const size_t width = dtype_bytes(out.dtype, 1);
  if (!offset || !size || offset->integer < 0 || size->integer < 0 || static_cast<uint64_t>(offset->integer) > out.bytes.size() / width ||
      static_cast<uint64_t>(size->integer) > out.bytes.size() / width - static_cast<uint64_t>(offset->integer))
    return corrupt("its view lies outside its storage");
  out.bytes = out.bytes.subspan(static_cast<size_t>(offset->integer) * width, static_cast<size_t>(size->integer) * width);
  return out;
}

Result<std::vector<int64_t>> integers(const PickleValue* list) {
  std::vector<int64_t> out;
  for (const PickleValue* v : list ? list->items : std::vector<Pickled>()) {
    if (!v->is(Kind::kInteger) || v->integer < 0 || v->integer > INT32_MAX) return corrupt("its sizes or strides are no numbers");
    out.push_back(v->integer);
  }
  return out;
}

// Elements of a strided view, row-major.
Result<Tensor> gathered(const Storage& storage, int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides, size_t& allowance) {
  const size_t width = dtype_bytes(storage.dtype, 1);
  if (sizes.size() > kMaxRank) return unsupported("it has " + std::to_string(sizes.size()) + " dimensions");
  if (sizes.size() != strides.size() || offset < 0) return corrupt("its sizes and strides differ in number");
  Shape shape;
  uint64_t count = 1, furthest = static_cast<uint64_t>(offset);
  for (size_t i = 0; i < sizes.size(); ++i) {
    shape.dim[shape.rank++] = static_cast<int32_t>(sizes[i]);
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(sizes[i]), &count)) return corrupt("it is absurdly large");
    if (sizes[i] > 0) furthest += static_cast<uint64_t>(sizes[i] - 1) * static_cast<uint64_t>(strides[i]);
  }
  if (count > 0 && furthest >= storage.bytes.size() / width) return corrupt("its elements lie outside its storage");
  if (count > allowance / width) return corrupt("tensors take more than " + std::to_string(kMostTimesTheFile) + " times the file");
  allowance -= static_cast<size_t>(count) * width;
  Tensor out(storage.dtype, shape);
  std::vector<int64_t> index(sizes.size());
  const uint8_t* from = storage.bytes.data() + static_cast<size_t>(offset) * width;
  for (size_t i = 0; i < count; ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < sizes.size(); ++d) at += index[d] * strides[d];
    std::memcpy(out.data() + i * width, from + static_cast<size_t>(at) * width, width);
    for (size_t d = sizes.size(); d-- > 0;) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

// Tensors below a value, with dotted names.
class Walker {
 public:
  Walker(Storages& storages, size_t file_bytes) : storages_(storages), steps_(16 + file_bytes), allowance_(kMostTimesTheFile * file_bytes) {}

  Result<State> run(const PickleValue& root) {
    VERGE_CHECK(walk(root, "", 0));
    return std::move(out_);
  }

 private:
  Result<void> walk(const PickleValue& v, const std::string& name, size_t depth) {
    if (depth > kMostDepth || steps_-- == 0) return corrupt("its values are nested without end");
    if (v.is(Kind::kObject)) return walk_object(v, name, depth);
    for (const auto& [key, value] : v.pairs) {
      const std::string part = key->is(Kind::kText) ? key->text : key->is(Kind::kInteger) ? std::to_string(key->integer) : "";
      if (!part.empty() && part != "_metadata") VERGE_CHECK(walk(*value, name.empty() ? part : name + "." + part, depth + 1));
    }
    for (size_t i = 0; v.is(Kind::kList) && i < v.items.size(); ++i) VERGE_CHECK(walk(*v.items[i], (name.empty() ? "" : name + ".") + std::to_string(i), depth + 1));
    return done();
  }

  Result<void> walk_object(const PickleValue& v, const std::string& name, size_t depth) {
    const PickleValue *callable = item(v, 0, Kind::kGlobal), *arguments = item(v, 1, Kind::kList);
    if (!callable || !arguments) return done();
    if (callable->text == "torch._utils _rebuild_tensor_v2" || callable->text == "torch._utils _rebuild_tensor") {
      VERGE_TRY(Tensor tensor, rebuilt(*arguments), "tensor '" + name + "'");
      out_.emplace_back(name.empty() ? "tensor" : name, std::move(tensor));
      return done();
    }
    const bool parameter = callable->text.rfind("torch._utils _rebuild_parameter", 0) == 0;
    if (parameter && !arguments->items.empty()) return walk(*arguments->items[0], name, depth + 1);
    for (const auto& [key, value] : v.pairs)  // an object that fills like a dictionary
      if (key->is(Kind::kText)) VERGE_CHECK(walk(*value, name.empty() ? key->text : name + "." + key->text, depth + 1));
    return done();
  }

  // (storage, offset, sizes, strides, ...)
  Result<Tensor> rebuilt(const PickleValue& arguments) {
    const PickleValue *from = item(arguments, 0, Kind::kPersistent), *offset = item(arguments, 1, Kind::kInteger);
    if (!from || !offset) return corrupt("it is not described as PyTorch does");
    VERGE_TRY(const Storage storage, storage_of(*from, storages_));
    VERGE_TRY(const std::vector<int64_t> sizes, integers(item(arguments, 2, Kind::kList)));
    VERGE_TRY(const std::vector<int64_t> strides, integers(item(arguments, 3, Kind::kList)));
    return gathered(storage, offset->integer, sizes, strides, allowance_);
  }

  Storages& storages_;
  size_t steps_, allowance_;
  State out_;
};

// FOLDER/data.pkl and FOLDER/data/KEY.
class Archive : public Storages {
 public:
  static Result<Archive> open(ByteSpan bytes) {
    Archive out(bytes);
    VERGE_TRY(out.entries_, zip_entries(bytes));
    for (const ZipEntry& e : out.entries_)
      if (e.name.size() >= 8 && e.name.compare(e.name.size() - 8, 8, "data.pkl") == 0) out.folder_ = e.name.substr(0, e.name.size() - 8);
      else if (e.name.size() > 9 && e.name.compare(e.name.size() - 9, 9, "byteorder") == 0) {
        VERGE_TRY(const Bytes order, unzip(bytes, e));
        if (std::string(order.begin(), order.end()) == "big") return unsupported("a checkpoint written on a big-endian machine");
      }
    return out;
  }
  Result<Bytes> entry(const std::string& name) const {
    const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const ZipEntry& e) { return e.name == folder_ + name; });
    if (it == entries_.end()) return corrupt("the archive holds no '" + folder_ + name + "'");
    if (it->method != 0) return unsupported("'" + it->name + "' is compressed, and PyTorch stores its entries as they are");
    return unzip(bytes_, *it);
  }
  Result<ByteSpan> bytes(const std::string& key, DataType dtype, int64_t elements) override {
    auto found = read_.find(key);
    if (found == read_.end()) {
      VERGE_TRY(Bytes content, entry("data/" + key));
      found = read_.emplace(key, std::move(content)).first;
    }
    if (found->second.size() / dtype_bytes(dtype, 1) < static_cast<uint64_t>(elements)) return corrupt("storage '" + key + "' is cut off");
    return ByteSpan(found->second);
  }

 private:
  explicit Archive(ByteSpan bytes) : bytes_(bytes) {}
  ByteSpan bytes_;
  std::vector<ZipEntry> entries_;
  std::string folder_;
  std::map<std::string, Bytes> read_;
};

// Behind the pickles: for each key in order the number of elements, then the elements.
class Stream : public Storages {
 public:
  explicit Stream(ByteSpan bytes) : bytes_(bytes) {}
  // What the object's pickle says of each storage, before its bytes can be found.
  Result<void> find(const PickleValue& root, const PickleValue& keys, size_t at) {
    std::set<const PickleValue*> seen;
    note_widths(root, seen);
    for (const PickleValue* key : keys.items) {
      if (!key->is(Kind::kText) || bytes_.size() - at < 8) return corrupt("the list of storages does not fit the file");
      uint64_t elements = 0;
      for (size_t i = 0; i < 8; ++i) elements |= uint64_t{bytes_[at + i]} << (8 * i);
      at += 8;
      const size_t width = widths_.count(key->text) ? widths_[key->text] : 0;
      if (width == 0) return unsupported("storage '" + key->text + "' has elements that no tensor here holds");
      if (elements > (bytes_.size() - at) / width) return corrupt("storage '" + key->text + "' is cut off");
      places_[key->text] = bytes_.subspan(at, static_cast<size_t>(elements) * width);
      at += static_cast<size_t>(elements) * width;
    }
    return done();
  }
  Result<ByteSpan> bytes(const std::string& key, DataType dtype, int64_t elements) override {
    const auto it = places_.find(key);
    if (it == places_.end()) return corrupt("storage '" + key + "' is absent");
    if (it->second.size() / dtype_bytes(dtype, 1) < static_cast<uint64_t>(elements)) return corrupt("storage '" + key + "' is cut off");
    return it->second;
  }

 private:
  void note_widths(const PickleValue& root, std::set<const PickleValue*>& seen) {
    std::vector<const PickleValue*> open = {&root};
    while (!open.empty()) {
      const PickleValue* v = open.back();
      open.pop_back();
      if (!seen.insert(v).second) continue;
      const PickleValue* id = v->is(Kind::kPersistent) ? item(*v, 0, Kind::kList) : nullptr;
      const PickleValue *type = id ? item(*id, 1, Kind::kGlobal) : nullptr, *key = id ? item(*id, 2, Kind::kText) : nullptr;
      if (type && key && storage_type(type->text) != DataType::kNone) widths_[key->text] = dtype_bytes(storage_type(type->text), 1);
      open.insert(open.end(), v->items.begin(), v->items.end());
      for (const auto& [k, value] : v->pairs) open.push_back(value);
    }
  }

  ByteSpan bytes_;
  std::map<std::string, size_t> widths_;
  std::map<std::string, ByteSpan> places_;
};

Result<State> read_archive(ByteSpan bytes) {
  VERGE_TRY(Archive archive, Archive::open(bytes));
  VERGE_TRY(const Bytes program, archive.entry("data.pkl"));
  size_t at = 0;
  VERGE_TRY(const Pickle pickle, read_pickle(program, at));
  return Walker(archive, bytes.size()).run(*pickle.root);
}

Result<State> read_stream(ByteSpan bytes) {
  size_t at = 0;
  for (int i = 0; i < 3; ++i) {  // magic number, version, the writing machine
    VERGE_TRY(const Pickle ignored, read_pickle(bytes, at));
  }
  VERGE_TRY(const Pickle object, read_pickle(bytes, at));
  VERGE_TRY(const Pickle keys, read_pickle(bytes, at));
  Stream stream(bytes);
  VERGE_CHECK(stream.find(*object.root, *keys.root, at));
  return Walker(stream, bytes.size()).run(*object.root);
}

bool is_archive(ByteSpan bytes) { return bytes.size() > 4 && std::memcmp(bytes.data(), "PK\x03\x04", 4) == 0; }

// The magic number 0x1950a86a20f9469cfc6c as a pickle of protocol 2.
constexpr uint8_t kStreamMagic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
bool is_stream(ByteSpan bytes) { return bytes.size() > sizeof(kStreamMagic) && std::memcmp(bytes.data(), kStreamMagic, sizeof(kStreamMagic)) == 0; }

}  // namespace

Result<State> read_torch(ByteSpan bytes) {
  if (is_archive(bytes)) return read_archive(bytes);
  if (is_stream(bytes)) return read_stream(bytes);
  return corrupt("not a PyTorch checkpoint: neither an archive nor the older stream of pickles");
}

bool looks_like_state(ByteSpan bytes) {
  const bool safetensors = bytes.size() > 9 && bytes[8] == '{' && bytes[5] == 0 && bytes[6] == 0 && bytes[7] == 0;
  return safetensors || is_archive(bytes) || is_stream(bytes);
}

Result<State> read_state(ByteSpan bytes) {
  if (is_archive(bytes) || is_stream(bytes)) return read_torch(bytes);
  return read_safetensors(bytes);
}

}  // namespace verge::formats
