// Collects what operators emit and writes the Program: implements ops::Emitter.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "lower/arena_plan.h"
#include "lower/lower.h"
#include "ops/emitter.h"
#include "ops/conv/stripes_attrs.h"
#include "rt/program.h"

namespace verge {

class ProgramBuilder : public ops::Emitter {
 public:
  ProgramBuilder(const Graph& graph, const ops::LowerOptions& options) : graph_(graph), options_(options), value_tensor_(graph.value_count()) {}

  // Names the node that the following emits belong to.
  void begin_node(const Node& node) { node_ = &node, first_of_node_ = instructions_.size(); }
  // Books the node's work on the last instruction that it emitted; a node that only renames memory has none.
  void end_node(int64_t macs);
  // A graph input becomes a mutable tensor that starts with these bytes.
  void add_state(const StateBinding& state);
  // Plans the arena and writes the bytes. The graph's inputs and outputs become the Program's.
  Result<Bytes> finish(int64_t macs);
  const ArenaPlan& arena() const { return plan_; }
  // By ValueId::index; invalid ids (kNone) for values that no instruction names.
  std::vector<uint32_t> value_tensors() const;

  const Graph& graph() const override { return graph_; }
  const ops::LowerOptions& options() const override { return options_; }
  ops::TensorRef tensor(ValueId value) override;
  ops::TensorRef constant(Tensor tensor, const std::string& name) override;
  ops::TensorRef scratch(size_t bytes) override;
  ops::TensorRef temporary(DataType dtype, Shape shape, QuantParams quant) override;
  Result<void> alias(ValueId out, ValueId in) override;
  void replaces(ops::TensorRef state, ops::TensorRef next) override { instructions_.back().replaces.emplace_back(state, next); }
  void emit_raw(exec::Op op, std::vector<ops::TensorRef> in, std::vector<ops::TensorRef> out, const void* attrs, size_t attr_bytes, ops::TensorRef scratch,
                int in_place) override;

 private:
  struct Piece {  // memory that one or more tensors share
    rt::Section section = rt::Section::kArena;
    uint64_t bytes = 0;
    uint64_t offset = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    bool loose = false;  // a constant that lies behind those that fill lines
    bool keep = false;   // a graph output: alive to the end
    uint32_t owner = 0;  // union-find parent, for memory taken over in place
  };
  struct BuildTensor {
    DataType dtype;
    Shape shape;
    QuantParams quant;
    uint32_t piece;
    std::string name;
  };
  struct BuildInstruction {
    exec::Op op;
    std::vector<ops::TensorRef> in, out;
    ops::TensorRef scratch;
    uint32_t attr_offset, attr_bytes;
    int in_place;
    std::string name;
    float macs = 0;
    std::vector<std::pair<ops::TensorRef, ops::TensorRef>> replaces;
  };

  uint32_t add_piece(rt::Section section, uint64_t bytes);
  ops::TensorRef add_tensor(DataType dtype, const Shape& shape, QuantParams quant, uint32_t piece, std::string name);
  uint32_t place_constant(const Tensor& tensor);
  uint32_t place_attributes(std::string bytes);
  uint32_t root(uint32_t piece) const;
  void touch(ops::TensorRef tensor, int64_t instruction);
  bool is_state(ValueId input) const;
  bool is_next(ValueId output) const;
  bool written_in_place(ops::TensorRef state, ops::TensorRef next) const;
  void place_states();
  bool is_step(const BuildInstruction& n) const;
  int64_t bytes_of(ops::TensorRef tensor) const;
  bool feeds_the_next_alone(size_t i) const;
  size_t stripe_length(size_t first, exec::StripesF32Attrs& attrs) const;
  void join_stripes();  // stripes.cc
  void find_lifetimes();
  void share_in_place();
  void plan_memory();
  uint32_t intern(const std::string& name);
  struct Tables;
  uint32_t place_dims(Tables& to, const Shape& shape);
  void write_tensor(Tables& to, const BuildTensor& tensor);
  void write_instruction(Tables& to, const BuildInstruction& instruction);
  Bytes write(int64_t macs);

  const Graph& graph_;
  ops::LowerOptions options_;
  const Node* node_ = nullptr;
  size_t first_of_node_ = 0;
  std::vector<ops::TensorRef> value_tensor_;
  std::vector<BuildTensor> tensors_;
  std::vector<Piece> pieces_;
  std::vector<BuildInstruction> instructions_;
  std::vector<StateBinding> states_;
  Bytes attributes_, mutable_;
  Bytes constants_, loose_constants_;  // at multiples of 64; at multiples of 16
  std::unordered_map<std::string, uint32_t> attributes_at_;
  std::unordered_multimap<uint64_t, std::pair<uint64_t, uint64_t>> constant_places_;  // hash -> (offset, bytes)
  std::string names_ = std::string(1, '\0');
  std::unordered_map<std::string, uint32_t> name_at_;
  ArenaPlan plan_;
};

}  // namespace verge
