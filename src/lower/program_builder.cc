#include "lower/program_builder.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "ops/reshape/copy_attrs.h"

namespace verge {
namespace {

using ops::TensorRef;

uint64_t aligned(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

// Outputs are known to callers by the graph's names for them, whatever passes called the values.
const std::string& name_of(const Graph& graph, ValueId value) {
  const std::vector<ValueId> outputs = graph.outputs();
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] == value && !graph.is_input(value) && !graph.output_name(i).empty()) return graph.output_name(i);
  return graph.value(value).name;
}

}  // namespace

uint32_t ProgramBuilder::add_piece(rt::Section section, uint64_t bytes) {
  const auto index = static_cast<uint32_t>(pieces_.size());
  pieces_.push_back({section, bytes});
  pieces_.back().owner = index;
  return index;
}

TensorRef ProgramBuilder::add_tensor(DataType dtype, const Shape& shape, QuantParams quant, uint32_t piece, std::string name) {
  tensors_.push_back({dtype, shape, std::move(quant), piece, std::move(name)});
  return {static_cast<uint32_t>(tensors_.size() - 1)};
}

std::vector<uint32_t> ProgramBuilder::value_tensors() const {
  std::vector<uint32_t> out;
  for (TensorRef t : value_tensor_) out.push_back(t.index);
  return out;
}

uint32_t ProgramBuilder::root(uint32_t piece) const {
  while (pieces_[piece].owner != piece) piece = pieces_[piece].owner;
  return piece;
}

uint32_t ProgramBuilder::place_constant(const Tensor& tensor) {
  const ByteSpan bytes = tensor.bytes();
  const uint64_t hash = std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const uint32_t piece = add_piece(rt::Section::kConst, bytes.size());
  pieces_[piece].loose = bytes.size() % rt::kAlignment != 0;
  Bytes& to_bytes = pieces_[piece].loose ? loose_constants_ : constants_;
  const auto [from, to] = constant_places_.equal_range(hash);
  for (auto it = from; it != to; ++it) {
    const auto [offset, size] = it->second;
    if (size != bytes.size() || !std::equal(bytes.begin(), bytes.end(), to_bytes.begin() + static_cast<int64_t>(offset))) continue;
    pieces_[piece].offset = offset;
    return piece;
  }
  to_bytes.resize(aligned(to_bytes.size(), pieces_[piece].loose ? rt::kOffsetUnit : rt::kAlignment));
  pieces_[piece].offset = to_bytes.size();
  to_bytes.insert(to_bytes.end(), bytes.begin(), bytes.end());
  constant_places_.emplace(hash, std::pair{pieces_[piece].offset, bytes.size()});
  return piece;
}

TensorRef ProgramBuilder::tensor(ValueId value) {
  if (!value.valid()) return {};
  TensorRef& ref = value_tensor_[value.index];
  if (ref.valid()) return ref;
  const Value& v = graph_.value(value);
  const Shape shape = v.type.shape();
  const uint32_t piece = v.constant ? place_constant(*v.constant) : add_piece(rt::Section::kArena, dtype_bytes(v.type.dtype, static_cast<size_t>(shape.count())));
  return ref = add_tensor(v.type.dtype, shape, v.type.quant, piece, name_of(graph_, value));
}

TensorRef ProgramBuilder::constant(Tensor tensor, const std::string& name) {
  return add_tensor(tensor.dtype(), tensor.shape(), tensor.quant(), place_constant(tensor), name);
}

TensorRef ProgramBuilder::scratch(size_t bytes) {
  if (bytes == 0) return {};
  return add_tensor(DataType::kU8, {static_cast<int32_t>(bytes)}, {}, add_piece(rt::Section::kArena, bytes), "");
}

TensorRef ProgramBuilder::temporary(DataType dtype, Shape shape, QuantParams quant) {
  return add_tensor(dtype, shape, std::move(quant), add_piece(rt::Section::kArena, dtype_bytes(dtype, static_cast<size_t>(shape.count()))), "");
}

Result<void> ProgramBuilder::alias(ValueId out, ValueId in) {
  const TensorRef from = tensor(in);
  const Value& v = graph_.value(out);
  value_tensor_[out.index] = add_tensor(v.type.dtype, v.type.shape(), v.type.quant, tensors_[from.index].piece, name_of(graph_, out));
  return done();
}

// Equal attributes lie there once.
uint32_t ProgramBuilder::place_attributes(std::string bytes) {
  attributes_.resize(aligned(attributes_.size(), 8));
  const auto [it, fresh] = attributes_at_.emplace(std::move(bytes), static_cast<uint32_t>(attributes_.size()));
  if (fresh) attributes_.insert(attributes_.end(), it->first.begin(), it->first.end());
  return it->second;
}

void ProgramBuilder::emit_raw(exec::Op op, std::vector<TensorRef> in, std::vector<TensorRef> out, const void* attrs, size_t attr_bytes, TensorRef scratch_tensor,
                              int in_place) {
  const uint32_t offset = place_attributes({static_cast<const char*>(attrs), attr_bytes});
  instructions_.push_back({op, std::move(in), std::move(out), scratch_tensor, offset, static_cast<uint32_t>(attr_bytes), in_place, node_ ? node_->name : ""});
}

void ProgramBuilder::add_state(const StateBinding& state) {
  mutable_.resize(aligned(mutable_.size(), rt::kAlignment));
  const uint32_t piece = add_piece(rt::Section::kMutable, state.initial.bytes().size());
  pieces_[piece].offset = mutable_.size();
  mutable_.insert(mutable_.end(), state.initial.bytes().begin(), state.initial.bytes().end());
  value_tensor_[state.value.index] = add_tensor(state.initial.dtype(), state.initial.shape(), {}, piece, graph_.value(state.value).name);
  states_.push_back(state);
}

bool ProgramBuilder::is_state(ValueId input) const {
  return std::any_of(states_.begin(), states_.end(), [&](const StateBinding& s) { return s.value == input; });
}

bool ProgramBuilder::is_next(ValueId output) const {
  return std::any_of(states_.begin(), states_.end(), [&](const StateBinding& s) { return s.next == output; });
}

// The instruction that makes `next` may write it over `state`, and no later one reads `state`.
bool ProgramBuilder::written_in_place(TensorRef state, TensorRef next) const {
  const uint32_t memory = root(tensors_[state.index].piece);
  bool written = false;
  for (const BuildInstruction& n : instructions_) {
    const auto reads = std::any_of(n.in.begin(), n.in.end(), [&](TensorRef t) { return t.valid() && root(tensors_[t.index].piece) == memory; });
    if (written && reads) return false;
    written = written || std::count(n.replaces.begin(), n.replaces.end(), std::pair{state, next}) > 0;
  }
  return written;
}

// Each state's next value is made where the state lies, or copied there at the end.
void ProgramBuilder::place_states() {
  node_ = nullptr;
  std::vector<std::pair<TensorRef, TensorRef>> copies;
  for (const StateBinding& state : states_) {
    if (!state.next.valid()) continue;
    const TensorRef from = tensor(state.value), to = tensor(state.next);
    Piece& made = pieces_[root(tensors_[to.index].piece)];
    if (made.section == rt::Section::kArena && written_in_place(from, to)) {
      made.owner = tensors_[from.index].piece;
    } else {
      copies.emplace_back(to, from);
    }
  }
  for (const auto& [from, to] : copies) emit(exec::Op::copy, {from}, {to}, exec::CopyAttrs{});
}

void ProgramBuilder::touch(TensorRef tensor, int64_t instruction) {
  if (!tensor.valid()) return;
  Piece& piece = pieces_[tensors_[tensor.index].piece];
  piece.first = std::min(piece.first, instruction);
  piece.last = std::max(piece.last, instruction);
}

void ProgramBuilder::find_lifetimes() {
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    for (TensorRef t : instructions_[i].in) touch(t, at);
    for (TensorRef t : instructions_[i].out) touch(t, at);
    touch(instructions_[i].scratch, at);
  }
  for (ValueId in : graph_.inputs()) touch(tensor(in), -1);
  for (ValueId out : graph_.outputs()) {
    if (is_next(out)) continue;
    touch(tensor(out), static_cast<int64_t>(instructions_.size()));
    pieces_[tensors_[tensor(out).index].piece].keep = true;
  }
}

// An output takes over the memory of the input that its instruction names when that input dies there.
void ProgramBuilder::share_in_place() {
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const BuildInstruction& n = instructions_[i];
    if (n.in_place < 0 || !n.in[n.in_place].valid()) continue;
    const uint32_t from = root(tensors_[n.in[n.in_place].index].piece), to = root(tensors_[n.out[0].index].piece);
    Piece &source = pieces_[from], &target = pieces_[to];
    const bool dies = source.last == static_cast<int64_t>(i) && !source.keep;
    if (from == to || source.section != rt::Section::kArena || target.section != rt::Section::kArena || !dies || target.first != static_cast<int64_t>(i)) continue;
    if (target.bytes > source.bytes) continue;
    const auto reads_elsewhere = std::count_if(n.in.begin(), n.in.end(), [&](TensorRef t) { return t.valid() && root(tensors_[t.index].piece) == from; });
    if (reads_elsewhere > 1) continue;
    source.last = std::max(source.last, target.last);
    source.keep = source.keep || target.keep;
    target.owner = from;
  }
}

void ProgramBuilder::plan_memory() {
  std::vector<uint32_t> roots;
  std::vector<Lifetime> lives;
  for (uint32_t p = 0; p < pieces_.size(); ++p) {
    if (root(p) != p || pieces_[p].section != rt::Section::kArena || pieces_[p].first == INT64_MAX) continue;
    roots.push_back(p);
    lives.push_back({pieces_[p].first, pieces_[p].last, pieces_[p].bytes});
  }
  plan_ = plan_arena(lives);
  for (size_t i = 0; i < roots.size(); ++i) pieces_[roots[i]].offset = plan_.offsets[i];
}

uint32_t ProgramBuilder::intern(const std::string& name) {
  if (name.empty()) return 0;
  const auto [it, fresh] = name_at_.emplace(name, static_cast<uint32_t>(names_.size()));
  if (fresh) names_.append(name.c_str(), name.size() + 1);
  return it->second;
}

void ProgramBuilder::end_node(int64_t macs) {
  if (instructions_.size() > first_of_node_) instructions_.back().macs = static_cast<float>(macs);
}

Result<Bytes> ProgramBuilder::finish(int64_t macs) {
  place_states();
  if (options_.stripes) join_stripes();
  find_lifetimes();
  share_in_place();
  plan_memory();
  return write(macs);
}

namespace {

// Appends entries to the file and returns where.
template <typename T> rt::Table append(Bytes& file, const std::vector<T>& entries, uint32_t alignment = rt::kTableAlignment) {
  file.resize(aligned(file.size(), alignment));
  const rt::Table table{static_cast<uint32_t>(file.size()), static_cast<uint32_t>(entries.size())};
  const auto* bytes = reinterpret_cast<const uint8_t*>(entries.data());
  file.insert(file.end(), bytes, bytes + entries.size() * sizeof(T));
  return table;
}

}  // namespace

struct ProgramBuilder::Tables {
  std::vector<rt::TensorRecord> records;
  std::vector<rt::InstructionRecord> code;
  std::vector<uint32_t> args;
  std::vector<float> scales;
  std::vector<int32_t> dims, zero_points;
};

// Equal shapes share their entries.
uint32_t ProgramBuilder::place_dims(Tables& to, const Shape& shape) {
  const auto known = std::search(to.dims.begin(), to.dims.end(), shape.dim, shape.dim + shape.rank);
  const auto first = static_cast<uint32_t>(known - to.dims.begin());
  if (known == to.dims.end()) to.dims.insert(to.dims.end(), shape.dim, shape.dim + shape.rank);
  return first;
}

void ProgramBuilder::write_tensor(Tables& to, const BuildTensor& t) {
  const Piece& piece = pieces_[root(t.piece)];
  rt::TensorRecord r;
  r.dtype = static_cast<uint8_t>(t.dtype);
  r.rank = static_cast<uint8_t>(t.shape.rank);
  r.section = static_cast<uint8_t>(piece.section);
  r.first_dim = place_dims(to, t.shape);
  if (t.quant.scale.size() > 1) r.quant_axis = static_cast<int8_t>(t.quant.axis);
  if (!t.quant.scale.empty()) r.quant_first = static_cast<uint32_t>(to.scales.size());
  to.scales.insert(to.scales.end(), t.quant.scale.begin(), t.quant.scale.end());
  for (size_t i = 0; i < t.quant.scale.size(); ++i) to.zero_points.push_back(i < t.quant.zero_point.size() ? t.quant.zero_point[i] : 0);
  if (piece.section != rt::Section::kConst) r.name = intern(t.name);
  r.offset = static_cast<uint32_t>((piece.offset + (piece.loose ? aligned(constants_.size(), rt::kOffsetUnit) : 0)) / rt::kOffsetUnit);
  to.records.push_back(r);
}

void ProgramBuilder::write_instruction(Tables& to, const BuildInstruction& n) {
  rt::InstructionRecord r;
  r.op = static_cast<uint16_t>(n.op);
  r.in_count = static_cast<uint8_t>(n.in.size());
  r.out_count = static_cast<uint8_t>(n.out.size());
  r.first_arg = static_cast<uint32_t>(to.args.size());
  r.attr_offset = n.attr_offset;
  r.attr_bytes = n.attr_bytes;
  r.name = intern(n.name);
  r.macs = n.macs;
  for (TensorRef t : n.in) to.args.push_back(t.index);
  for (TensorRef t : n.out) to.args.push_back(t.index);
  to.args.push_back(n.scratch.index);
  to.code.push_back(r);
}

Bytes ProgramBuilder::write(int64_t macs) {
  Tables tables;
  for (const BuildTensor& t : tensors_) write_tensor(tables, t);
  for (const BuildInstruction& n : instructions_) write_instruction(tables, n);
  std::vector<uint32_t> inputs, outputs;
  for (ValueId in : graph_.inputs())
    if (!is_state(in)) inputs.push_back(value_tensor_[in.index].index);
  for (ValueId out : graph_.outputs())
    if (!is_next(out)) outputs.push_back(tensor(out).index);

  rt::ProgramHeader header;
  Bytes file(sizeof(header));
  header.tensors = append(file, tables.records);
  header.dims = append(file, tables.dims);
  header.instructions = append(file, tables.code);
  header.args = append(file, tables.args);
  header.attributes = append(file, attributes_);
  header.scales = append(file, tables.scales);
  header.zero_points = append(file, tables.zero_points);
  header.inputs = append(file, inputs);
  header.outputs = append(file, outputs);
  header.names = append(file, std::vector<char>(names_.begin(), names_.end()));
  header.const_offset = append(file, constants_, rt::kAlignment).offset;
  append(file, loose_constants_, rt::kOffsetUnit);
  header.const_bytes = file.size() - header.const_offset;
  header.mutable_offset = mutable_.empty() ? file.size() : append(file, mutable_, rt::kAlignment).offset;
  header.mutable_bytes = mutable_.size();
  header.arena_bytes = plan_.bytes;
  header.macs = static_cast<uint64_t>(macs);
  header.total_bytes = file.size();
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

}  // namespace verge
