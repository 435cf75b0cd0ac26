#include <algorithm>
#include <cstring>

#include "core/text.h"
#include "formats/tflite/tensors.h"

namespace verge::formats::tflite {
namespace {

// A list of indices that the file stores in 8, 16 or 32 bits.
struct IndexList {
  const schema::Int32Vector* i32 = nullptr;
  const schema::Uint16Vector* u16 = nullptr;
  const schema::Uint8Vector* u8 = nullptr;

  size_t size() const { return i32 ? size_of(i32->values()) : u16 ? size_of(u16->values()) : u8 ? size_of(u8->values()) : 0; }
  int64_t operator[](size_t i) const {
    const auto at = static_cast<uint32_t>(i);
    return i32 ? i32->values()->Get(at) : u16 ? u16->values()->Get(at) : u8->values()->Get(at);
  }
};

// One stored dimension: all of `size` indices, or for each parent p the indices[segments[p]] .. indices[segments[p + 1]] alone.
struct Level {
  bool sparse = false;
  int64_t size = 0;  // dense: how many; sparse: one above the greatest index
  int64_t step = 0;  // how far apart, in elements of the dense tensor, its indices lie
  IndexList segments, indices;
};

// The tensor's stored dimensions, outermost first. Those beyond its rank are dimensions of blocks: each splits the axis that block_map names.
class Levels {
 public:
  static Result<std::vector<Level>> read(const schema::Tensor& tensor) {
    Levels levels(tensor);
    VERGE_CHECK(levels.check_order(), "sparsity");
    VERGE_CHECK(levels.read_dimensions(), "sparsity");
    VERGE_CHECK(levels.place(), "sparsity");
    return std::move(levels.levels_);
  }

 private:
  explicit Levels(const schema::Tensor& tensor)
      : s_(*tensor.sparsity()),
        shape_(list_of(tensor.shape())),
        order_(list_of(s_.traversal_order())),
        blocks_(list_of(s_.block_map())),
        block_size_(shape_.size(), 1) {}

  bool is_block(size_t i) const { return order_[i] >= static_cast<int64_t>(shape_.size()); }
  // The axis of the dense tensor that stored dimension i runs along.
  size_t axis(size_t i) const { return static_cast<size_t>(is_block(i) ? blocks_[static_cast<size_t>(order_[i]) - shape_.size()] : order_[i]); }

  Result<void> check_order() const {
    const size_t count = shape_.size() + blocks_.size();
    std::vector<int64_t> sorted = order_;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i)
      if (sorted[i] != static_cast<int64_t>(i)) return corrupt("traversal order " + bracketed(order_));
    if (order_.size() != count || size_of(s_.dim_metadata()) != count)
      return corrupt(std::to_string(order_.size()) + " dimensions for shape " + bracketed(shape_));
    for (int64_t block : blocks_)
      if (block < 0 || block >= static_cast<int64_t>(shape_.size())) return corrupt("block map " + bracketed(blocks_));
    return done();
  }

  Result<void> read_dimensions() {
    for (size_t i = 0; i < order_.size(); ++i) {
      const schema::DimensionMetadata* dim = s_.dim_metadata()->Get(static_cast<uint32_t>(i));
      if (!dim) return corrupt("a dimension is empty");
      Level& level = levels_.emplace_back();
      level.sparse = dim->format() == schema::DimensionType::SPARSE_CSR;
      level.size = dim->dense_size();
      level.segments = {dim->array_segments_as_Int32Vector(), dim->array_segments_as_Uint16Vector(), dim->array_segments_as_Uint8Vector()};
      level.indices = {dim->array_indices_as_Int32Vector(), dim->array_indices_as_Uint16Vector(), dim->array_indices_as_Uint8Vector()};
      if (!level.sparse && level.size < 1) return corrupt("a dimension of size " + std::to_string(level.size));
      if (!is_block(i)) continue;
      if (level.sparse || block_size_[axis(i)] != 1) return unsupported("sparse or nested blocks are not read");
      block_size_[axis(i)] = level.size;
    }
    return done();
  }

  Result<void> place() {
    for (size_t i = 0; i < order_.size(); ++i) {
      Level& level = levels_[i];
      const int64_t block = block_size_[axis(i)], whole = shape_[axis(i)];
      level.step = is_block(i) ? 1 : block;
      for (size_t d = axis(i) + 1; d < shape_.size(); ++d) level.step *= shape_[d];
      if (is_block(i)) continue;
      if (whole % block != 0) return corrupt("blocks of " + std::to_string(block) + " in shape " + bracketed(shape_));
      if (!level.sparse && level.size != whole / block)
        return corrupt("axis " + std::to_string(axis(i)) + " has " + std::to_string(level.size) + " entries in shape " + bracketed(shape_));
      level.size = whole / block;
    }
    return done();
  }

  const schema::SparsityParameters& s_;
  std::vector<int64_t> shape_, order_, blocks_, block_size_;
  std::vector<Level> levels_;
};

// Walks the stored values in order and puts each in its dense place.
class Scatter {
 public:
  Scatter(const std::vector<Level>& levels, ByteSpan values, size_t element, Bytes& out)
      : levels_(levels), values_(values), element_(element), out_(out), next_(levels.size(), 0) {}

  // `parent` counts the positions at the level above, in stored order; `at` is the dense place so far.
  Result<void> walk(size_t depth, size_t parent, int64_t at) {
    if (depth == levels_.size()) return put(parent, at);
    const Level& level = levels_[depth];
    if (!level.sparse) {
      for (int64_t i = 0; i < level.size; ++i)
        VERGE_CHECK(walk(depth + 1, parent * static_cast<size_t>(level.size) + static_cast<size_t>(i), at + i * level.step));
      return done();
    }
    if (parent + 1 >= level.segments.size()) return corrupt("sparsity: too few segments");
    // Parents come in order and their segments follow each other, so no index is walked twice.
    const int64_t from = level.segments[parent], to = level.segments[parent + 1];
    if (from != next_[depth] || to < from || to > static_cast<int64_t>(level.indices.size()))
      return corrupt("sparsity: segment " + std::to_string(from) + ".." + std::to_string(to));
    next_[depth] = to;
    for (int64_t i = from; i < to; ++i) {
      const int64_t index = level.indices[static_cast<size_t>(i)];
      if (index < 0 || index >= level.size) return corrupt("sparsity: index " + std::to_string(index) + " of " + std::to_string(level.size));
      VERGE_CHECK(walk(depth + 1, static_cast<size_t>(i), at + index * level.step));
    }
    return done();
  }

 private:
  Result<void> put(size_t position, int64_t at) {
    if ((position + 1) * element_ > values_.size())
      return corrupt("sparsity: more positions than the " + std::to_string(values_.size() / element_) + " stored values");
    std::memcpy(out_.data() + static_cast<size_t>(at) * element_, values_.data() + position * element_, element_);
    return done();
  }

  const std::vector<Level>& levels_;
  ByteSpan values_;
  size_t element_;
  Bytes& out_;
  std::vector<int64_t> next_;
};

}  // namespace

Result<Bytes> densify(const schema::Tensor& tensor, ByteSpan values, size_t element_bytes) {
  VERGE_TRY(const std::vector<Level> levels, Levels::read(tensor));
  Bytes out(static_cast<size_t>(element_count(tensor)) * element_bytes);
  VERGE_CHECK(Scatter(levels, values, element_bytes, out).walk(0, 0, 0));
  return out;
}

}  // namespace verge::formats::tflite
