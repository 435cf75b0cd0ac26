// A Program opened from bytes that somebody else keeps mapped: checked once, immutable, shared by sessions.
//
// Nothing here allocates: the caller supplies memory whose size the model tells.
//
//   Model model;
//   Status s = Model::open(bytes, size, table, &model);            // every offset, size, alignment, arity and shape is checked
//   void* memory = ...aligned 64..., model.session_bytes();
//   Session session;
//   s = Session::create(model, memory, model.session_bytes(), {}, &session);
//   memcpy(session.input(0).data, pixels, session.input(0).bytes());
//   s = session.run();
#pragma once
#include "base/tensor_view.h"
#include "rt/op_table.h"
#include "rt/program.h"

namespace verge::rt {

// Where and why open() refused, for hosts that put it into words. `index` is an instruction or tensor.
struct OpenFailure {
  enum class Part : uint8_t { kNone, kHeader, kTensor, kInstruction, kInput, kOutput } part = Part::kNone;
  uint32_t index = 0;
  const char* name = "";  // of the tensor or the instruction's node, where the bytes have one; lives as long as they do
};

class Model {
 public:
  // Keeps pointers into `bytes` (64-byte aligned) and `table`; both must outlive the model. kCorrupt for damaged bytes, kUnsupported for a newer
  // version or an operator that `table` lacks.
  static Status open(const void* bytes, size_t size, const OpTable& table, Model* model, OpenFailure* failure = nullptr);

  size_t input_count() const { return header_->inputs.count; }
  size_t output_count() const { return header_->outputs.count; }
  // Type, shape and quantisation; data is null.
  TensorView input(size_t i) const { return describe(inputs_[i]); }
  TensorView output(size_t i) const { return describe(outputs_[i]); }
  const char* input_name(size_t i) const { return names_ + tensors_[inputs_[i]].name; }
  const char* output_name(size_t i) const { return names_ + tensors_[outputs_[i]].name; }

  size_t instruction_count() const { return header_->instructions.count; }
  const char* instruction_name(size_t i) const { return names_ + instructions_[i].name; }
  const InstructionRecord& instruction(size_t i) const { return instructions_[i]; }
  const char* operator_name(size_t i) const;

  size_t arena_bytes() const { return header_->arena_bytes; }
  size_t mutable_bytes() const { return header_->mutable_bytes; }
  size_t const_bytes() const { return header_->const_bytes; }
  uint64_t macs() const { return header_->macs; }
  // What one session needs: tensor views, mutable tensors, arena; 64-byte aligned.
  size_t session_bytes() const;

  size_t tensor_count() const { return header_->tensors.count; }
  TensorView describe(uint32_t tensor) const;  // data set for constants
  const TensorRecord& tensor(uint32_t i) const { return tensors_[i]; }
  const char* tensor_name(uint32_t i) const { return names_ + tensors_[i].name; }
  const uint32_t* args(size_t instruction) const { return args_ + instructions_[instruction].first_arg; }
  const OpTable& table() const { return *table_; }
  const void* attributes(size_t instruction) const { return base_ + header_->attributes.offset + instructions_[instruction].attr_offset; }
  uint32_t input_tensor(size_t i) const { return inputs_[i]; }
  uint32_t output_tensor(size_t i) const { return outputs_[i]; }
  const uint8_t* initial_mutable() const { return base_ + header_->mutable_offset; }

 private:
  friend class Session;
  Status check_header(size_t size);
  Status check_tensor(uint32_t i) const;
  Status check_instruction(uint32_t i) const;
  const char* name_of(OpenFailure::Part part, uint32_t index) const;
  uint64_t scale_count(const TensorRecord& t) const;
  bool apart_or_in_place(uint32_t a, uint32_t b) const;
  Instruction resolve(uint32_t i, const TensorView* views) const;
  bool holds_integers() const;

  const uint8_t* base_ = nullptr;
  const ProgramHeader* header_ = nullptr;
  const TensorRecord* tensors_ = nullptr;
  const int32_t* dims_ = nullptr;
  const InstructionRecord* instructions_ = nullptr;
  const uint32_t* args_ = nullptr;
  const float* scales_ = nullptr;
  const int32_t* zero_points_ = nullptr;
  const uint32_t* inputs_ = nullptr;
  const uint32_t* outputs_ = nullptr;
  const char* names_ = nullptr;
  const OpTable* table_ = nullptr;
  bool any_order_ = false;
};

// Called before (`begin` true) and after each instruction when set.
struct Trace {
  void (*step)(void* context, uint32_t instruction, bool begin) = nullptr;
  void* context = nullptr;
};

struct SessionOptions {
  ParallelFor parallel;
  Trace trace;
};

// Memory and state of one stream of inferences. Belongs to one thread at a time: a second concurrent run() returns kBusy.
class Session {
 public:
  // `memory` (64-byte aligned, at least model.session_bytes()) and `model` must outlive the session.
  static Status create(const Model& model, void* memory, size_t bytes, const SessionOptions& options, Session* session);

  // Windows on the arena. An input keeps its bytes only until run(): the arena is reused.
  const TensorView& input(size_t i) const { return views_[model_->input_tensor(i)]; }
  const TensorView& output(size_t i) const { return views_[model_->output_tensor(i)]; }
  Status run();
  // Puts mutable tensors (states) back to their initial bytes.
  void reset();
  const TensorView& tensor(uint32_t i) const { return views_[i]; }
  // The mutable tensors' bytes, model().mutable_bytes() of them: what a checkpoint holds.
  uint8_t* mutable_data() { return mutable_; }
  const Model& model() const { return *model_; }
  void set_trace(Trace trace) { options_.trace = trace; }

 private:
  const Model* model_ = nullptr;
  TensorView* views_ = nullptr;
  uint8_t* mutable_ = nullptr;
  SessionOptions options_;
  bool running_ = false;
};

}  // namespace verge::rt
