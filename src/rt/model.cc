#include "rt/model.h"

#include <cstring>

namespace verge::rt {
namespace {

constexpr size_t align_up(size_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

// [offset, offset + bytes) lies within `size`, without overflow.
bool within(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

bool table_fits(const Table& table, size_t entry, uint64_t size) {
  return table.offset % kTableAlignment == 0 && table.offset >= sizeof(ProgramHeader) && within(table.offset, static_cast<uint64_t>(table.count) * entry, size);
}

uint64_t begin_of(const TensorRecord& t) { return uint64_t{t.offset} * kOffsetUnit; }

constexpr uint64_t kMostBytes = uint64_t{1} << 40;  // arena and mutable sizes beyond this are not plans but damage
constexpr uint64_t kMostElements = sizeof(size_t) < 8 ? uint64_t{1} << 28 : kMostBytes;

}  // namespace

Status Model::check_header(size_t size) {
  VERGE_REQUIRE(size >= sizeof(ProgramHeader), Code::kCorrupt);
  VERGE_REQUIRE(reinterpret_cast<uintptr_t>(base_) % kAlignment == 0, Code::kInvalidArgument);
  header_ = reinterpret_cast<const ProgramHeader*>(base_);
  const ProgramHeader& h = *header_;
  VERGE_REQUIRE(h.magic == kProgramMagic, Code::kCorrupt);
  VERGE_REQUIRE(h.version == kProgramVersion && h.packing == Packing::kNeutral16, Code::kUnsupported);
  VERGE_REQUIRE(h.total_bytes == size, Code::kCorrupt);
  VERGE_REQUIRE(table_fits(h.tensors, sizeof(TensorRecord), size) && table_fits(h.instructions, sizeof(InstructionRecord), size), Code::kCorrupt);
  VERGE_REQUIRE(table_fits(h.dims, 4, size) && table_fits(h.args, 4, size) && table_fits(h.attributes, 1, size) && table_fits(h.names, 1, size), Code::kCorrupt);
  VERGE_REQUIRE(table_fits(h.scales, 4, size) && table_fits(h.zero_points, 4, size) && h.scales.count == h.zero_points.count, Code::kCorrupt);
  VERGE_REQUIRE(table_fits(h.inputs, 4, size) && table_fits(h.outputs, 4, size), Code::kCorrupt);
  VERGE_REQUIRE(h.const_offset % kAlignment == 0 && within(h.const_offset, h.const_bytes, size), Code::kCorrupt);
  VERGE_REQUIRE(within(h.mutable_offset, h.mutable_bytes, size), Code::kCorrupt);
  VERGE_REQUIRE(h.arena_bytes <= kMostBytes, Code::kCorrupt);
  VERGE_REQUIRE(h.names.count > 0 && base_[h.names.offset + h.names.count - 1] == 0, Code::kCorrupt);
  tensors_ = reinterpret_cast<const TensorRecord*>(base_ + h.tensors.offset);
  dims_ = reinterpret_cast<const int32_t*>(base_ + h.dims.offset);
  instructions_ = reinterpret_cast<const InstructionRecord*>(base_ + h.instructions.offset);
  args_ = reinterpret_cast<const uint32_t*>(base_ + h.args.offset);
  scales_ = reinterpret_cast<const float*>(base_ + h.scales.offset);
  zero_points_ = reinterpret_cast<const int32_t*>(base_ + h.zero_points.offset);
  inputs_ = reinterpret_cast<const uint32_t*>(base_ + h.inputs.offset);
  outputs_ = reinterpret_cast<const uint32_t*>(base_ + h.outputs.offset);
  names_ = reinterpret_cast<const char*>(base_ + h.names.offset);
  return {};
}

Status Model::check_tensor(uint32_t i) const {
  const TensorRecord& t = tensors_[i];
  VERGE_REQUIRE(t.dtype > 0 && t.dtype < static_cast<uint8_t>(DataType::kString) && t.rank <= kMaxRank, Code::kCorrupt);
  VERGE_REQUIRE(within(t.first_dim, t.rank, header_->dims.count), Code::kCorrupt);
  const int32_t* dim = dims_ + t.first_dim;
  uint64_t count = 1;
  for (int d = 0; d < t.rank; ++d) {
    VERGE_REQUIRE(dim[d] >= 0, Code::kCorrupt);
    count *= static_cast<uint32_t>(dim[d]);
    VERGE_REQUIRE(count <= kMostElements, Code::kCorrupt);
  }
  const Section section = static_cast<Section>(t.section);
  VERGE_REQUIRE(section == Section::kConst || section == Section::kMutable || section == Section::kArena, Code::kCorrupt);
  const uint64_t room = section == Section::kConst ? header_->const_bytes : section == Section::kMutable ? header_->mutable_bytes : header_->arena_bytes;
  VERGE_REQUIRE(section == Section::kConst || begin_of(t) % kAlignment == 0, Code::kCorrupt);
  VERGE_REQUIRE(within(begin_of(t), dtype_bytes(static_cast<DataType>(t.dtype), count), room), Code::kCorrupt);
  VERGE_REQUIRE(t.quant_axis >= -1 && t.quant_axis < t.rank, Code::kCorrupt);
  if (t.quant_first != kNoQuant) VERGE_REQUIRE(within(t.quant_first, scale_count(t), header_->scales.count), Code::kCorrupt);
  VERGE_REQUIRE(t.name < header_->names.count, Code::kCorrupt);
  return {};
}

uint64_t Model::scale_count(const TensorRecord& t) const { return t.quant_axis < 0 ? 1 : static_cast<uint64_t>(dims_[t.first_dim + static_cast<uint32_t>(t.quant_axis)]); }

// A kernel may write where it reads only from the first byte on.
bool Model::apart_or_in_place(uint32_t a, uint32_t b) const {
  const TensorRecord &x = tensors_[a], &y = tensors_[b];
  if (x.section != y.section || x.offset == y.offset) return true;
  return begin_of(x) >= begin_of(y) + describe(b).bytes() || begin_of(y) >= begin_of(x) + describe(a).bytes();
}

Status Model::check_instruction(uint32_t i) const {
  const InstructionRecord& r = instructions_[i];
  const OpEntry* entry = table_->find(r.op);
  VERGE_REQUIRE(entry, Code::kUnsupported);
  const uint32_t arg_count = uint32_t{r.in_count} + r.out_count + 1;
  VERGE_REQUIRE(within(r.first_arg, arg_count, header_->args.count), Code::kCorrupt);
  VERGE_REQUIRE(r.attr_offset % 8 == 0 && within(r.attr_offset, r.attr_bytes, header_->attributes.count), Code::kCorrupt);
  VERGE_REQUIRE(r.name < header_->names.count, Code::kCorrupt);
  const uint32_t* args = args_ + r.first_arg;
  for (uint32_t a = 0; a < arg_count; ++a) {
    const bool output = a >= r.in_count && a + 1 < arg_count;
    if (args[a] == kNoTensor) {
      VERGE_REQUIRE(!output, Code::kCorrupt);
      continue;
    }
    VERGE_REQUIRE(args[a] < header_->tensors.count, Code::kCorrupt);
    if (a >= r.in_count) VERGE_REQUIRE(tensors_[args[a]].section != static_cast<uint8_t>(Section::kConst), Code::kCorrupt);
  }
  for (uint32_t a = r.in_count; a < arg_count; ++a)
    for (uint32_t b = 0; b < a; ++b)
      if (args[a] != kNoTensor && args[b] != kNoTensor) VERGE_REQUIRE(apart_or_in_place(args[a], args[b]), Code::kCorrupt);
  // The operator's own check sees only the tensors that it names; the views live on this stack.
  constexpr uint32_t kMostArgs = 512;
  VERGE_REQUIRE(arg_count <= kMostArgs, Code::kCorrupt);
  TensorView views[kMostArgs];
  uint32_t local[kMostArgs];
  for (uint32_t a = 0; a < arg_count; ++a) {
    local[a] = args[a] == kNoTensor ? kNoTensor : a;
    if (args[a] != kNoTensor) views[a] = describe(args[a]);
  }
  Instruction instruction = resolve(i, views);
  instruction.args = local;
  return entry->check(instruction);
}

Instruction Model::resolve(uint32_t i, const TensorView* views) const {
  const InstructionRecord& r = instructions_[i];
  Instruction out;
  out.op = r.op;
  out.in_count = r.in_count;
  out.out_count = r.out_count;
  out.attrs = attributes(i);
  out.attr_bytes = r.attr_bytes;
  out.tensors = views;
  out.args = args_ + r.first_arg;
  return out;
}

const char* Model::name_of(OpenFailure::Part part, uint32_t index) const {
  const bool tensor = part == OpenFailure::Part::kTensor;
  if (!tensor && part != OpenFailure::Part::kInstruction) return "";
  const uint32_t at = tensor ? tensors_[index].name : instructions_[index].name;
  return at < header_->names.count ? names_ + at : "";
}

Status Model::open(const void* bytes, size_t size, const OpTable& table, Model* model, OpenFailure* failure) {
  using Part = OpenFailure::Part;
  Model m;
  m.base_ = static_cast<const uint8_t*>(bytes);
  m.table_ = &table;
  const auto fail = [&](Status status, Part part, uint32_t index) {
    if (failure) *failure = {part, index, m.name_of(part, index)};
    return status;
  };
  if (Status s = m.check_header(size); !s.ok()) return fail(s, Part::kHeader, 0);
  const ProgramHeader& h = *m.header_;
  for (uint32_t i = 0; i < h.tensors.count; ++i)
    if (Status s = m.check_tensor(i); !s.ok()) return fail(s, Part::kTensor, i);
  for (uint32_t i = 0; i < h.inputs.count; ++i)
    if (m.inputs_[i] >= h.tensors.count || m.tensors_[m.inputs_[i]].section == static_cast<uint8_t>(Section::kConst)) return fail(Code::kCorrupt, Part::kInput, i);
  for (uint32_t i = 0; i < h.outputs.count; ++i)
    if (m.outputs_[i] >= h.tensors.count) return fail(Code::kCorrupt, Part::kOutput, i);
  for (uint32_t i = 0; i < h.instructions.count; ++i)
    if (Status s = m.check_instruction(i); !s.ok()) return fail(s, Part::kInstruction, i);
  m.any_order_ = !m.holds_integers();
  *model = m;
  return {};
}

// Whether instructions work on quantised numbers that did not come in as such, like pictures: then even a last bit of a float before them may show.
bool Model::holds_integers() const {
  const auto is_input = [&](uint32_t tensor) {
    for (uint32_t i = 0; i < header_->inputs.count; ++i)
      if (inputs_[i] == tensor) return true;
    return false;
  };
  for (uint32_t i = 0; i < header_->instructions.count; ++i)
    for (uint32_t a = 0; a < uint32_t{instructions_[i].in_count} + instructions_[i].out_count; ++a) {
      const uint32_t tensor = args_[instructions_[i].first_arg + a];
      const auto dtype = tensor == kNoTensor ? DataType::kNone : static_cast<DataType>(tensors_[tensor].dtype);
      if ((dtype == DataType::kI8 || dtype == DataType::kU8 || dtype == DataType::kI16) && !is_input(tensor)) return true;
    }
  return false;
}

TensorView Model::describe(uint32_t i) const {
  const TensorRecord& t = tensors_[i];
  TensorView view;
  view.dtype = static_cast<DataType>(t.dtype);
  view.shape.rank = t.rank;
  for (int d = 0; d < t.rank; ++d) view.shape.dim[d] = dims_[t.first_dim + d];
  if (t.quant_first != kNoQuant) view.quant = {scales_ + t.quant_first, zero_points_ + t.quant_first, static_cast<int32_t>(scale_count(t)), t.quant_axis};
  if (t.section == static_cast<uint8_t>(Section::kConst)) view.data = const_cast<uint8_t*>(base_ + header_->const_offset + begin_of(t));
  return view;
}

const char* Model::operator_name(size_t i) const { return table_->find(instructions_[i].op)->name; }

size_t Model::session_bytes() const {
  return align_up(header_->tensors.count * sizeof(TensorView)) + align_up(mutable_bytes()) + align_up(arena_bytes());
}

Status Session::create(const Model& model, void* memory, size_t bytes, const SessionOptions& options, Session* session) {
  VERGE_REQUIRE(reinterpret_cast<uintptr_t>(memory) % kAlignment == 0, Code::kInvalidArgument);
  VERGE_REQUIRE(bytes >= model.session_bytes(), Code::kOutOfMemory);
  auto* cursor = static_cast<uint8_t*>(memory);
  session->model_ = &model;
  session->options_ = options;
  session->running_ = false;
  session->views_ = reinterpret_cast<TensorView*>(cursor);
  cursor += align_up(model.tensor_count() * sizeof(TensorView));
  session->mutable_ = cursor;
  uint8_t* const arena = cursor + align_up(model.mutable_bytes());
  for (uint32_t i = 0; i < model.tensor_count(); ++i) {
    TensorView view = model.describe(i);
    const TensorRecord& t = model.tensor(i);
    if (t.section == static_cast<uint8_t>(Section::kMutable)) view.data = session->mutable_ + begin_of(t);
    if (t.section == static_cast<uint8_t>(Section::kArena)) view.data = arena + begin_of(t);
    session->views_[i] = view;
  }
  session->reset();
  return {};
}

void Session::reset() { std::memcpy(mutable_, model_->initial_mutable(), model_->mutable_bytes()); }

Status Session::run() {
  if (__atomic_exchange_n(&running_, true, __ATOMIC_ACQUIRE)) return Code::kBusy;
  const RunEnv env{options_.parallel, model_->any_order_};
  Status status;
  for (uint32_t i = 0; i < model_->instruction_count() && status.ok(); ++i) {
    const Instruction instruction = model_->resolve(i, views_);
    if (options_.trace.step) options_.trace.step(options_.trace.context, i, true);
    status = model_->table().find(instruction.op)->run(instruction, env);
    if (options_.trace.step) options_.trace.step(options_.trace.context, i, false);
  }
  __atomic_store_n(&running_, false, __ATOMIC_RELEASE);
  return status;
}

}  // namespace verge::rt
