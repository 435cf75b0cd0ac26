#include "verge/run_text.h"

#include <algorithm>

#include "core/text.h"
#include "os/file.h"

namespace verge::cli {
namespace {

enum class Role : uint8_t { kIds, kMask, kTypes };

Role role_of(const std::string& name) {
  const std::string lower = lower_case(name);
  const auto holds = [&](const char* part) { return lower.find(part) != std::string::npos; };
  return holds("mask") ? Role::kMask : holds("type") || holds("segment") ? Role::kTypes : Role::kIds;
}

int number_at(Role role, const text::Tokens& tokens, size_t i) {
  if (i >= tokens.ids.size()) return 0;
  return role == Role::kMask ? 1 : role == Role::kIds ? tokens.ids[i] : i < tokens.types.size() ? tokens.types[i] : 0;
}

}  // namespace

void add_text_options(CLI::App& app, TextArguments& a) {
  app.add_option("--text", a.texts, "a text for a language model, with --tokenizer");
  app.add_option("--tokenizer", a.tokenizer, "vocab.txt, tokenizer.json or a SentencePiece .model, for --text (docs/text.md)");
  app.add_option("--with", a.with, "a second text beside each --text");
}

Result<TextModel> TextModel::open(const ModelOptions& model, const TextArguments& a) {
  if (a.tokenizer.empty()) return invalid("--text wants --tokenizer FILE: vocab.txt, tokenizer.json or a SentencePiece .model");
  TextModel out;
  out.path_ = model.path, out.with_ = a.with;
  VERGE_TRY(const Bytes file, read_file(a.tokenizer));
  VERGE_TRY(out.tokenizer_, text::Tokenizer::read(file), "'" + a.tokenizer + "'");
  VERGE_TRY(out.options_, load_options(model));
  VERGE_CHECK(out.load(0));
  const size_t as_written = out.tokens_;
  if (out.model_->format != "vpk" && as_written == 1) {
    VERGE_CHECK(out.load(2));
    out.open_ = out.tokens_ == 2;
  }
  return out;
}

// For so many tokens where the file leaves them open; 0: as it says itself.
Result<void> TextModel::load(size_t tokens) {
  LoadOptions options = options_;
  if (tokens) options.input_shapes.assign(model_->executable.input_count(), Shape{1, static_cast<int32_t>(tokens)});
  VERGE_TRY(LoadedModel loaded, load_model(path_, options));
  model_ = std::make_shared<LoadedModel>(std::move(loaded));
  const rt::Model& model = model_->executable.model();
  for (size_t i = 0; i < model.input_count(); ++i) {
    const TensorView& in = model.input(i);
    const bool fits = in.shape.rank == 2 && in.shape[0] == 1 && (i == 0 || in.shape == model.input(0).shape) && (in.dtype == DataType::kI64 || in.dtype == DataType::kI32 || in.dtype == DataType::kF32);
    if (!fits) return invalid("'" + path_ + "': input '" + model.input_name(i) + "' is " + TensorType(in.dtype, in.shape).text() + "; --text wants ids, mask and types, each [1,tokens]");
  }
  if (model.input_count() == 0) return invalid("'" + path_ + "' has no input");
  tokens_ = static_cast<size_t>(model.input(0).shape[1]);
  return done();
}

Result<Tensor> TextModel::input(size_t i, const text::Tokens& tokens) const {
  const rt::Model& model = model_->executable.model();
  const Role role = role_of(model.input_name(i));
  Tensor out(model.input(i).dtype, model.input(i).shape);
  for (size_t k = 0; k < tokens_; ++k) {
    const int number = number_at(role, tokens, k);
    if (out.dtype() == DataType::kI64) out.mut<int64_t>()[k] = number;
    else if (out.dtype() == DataType::kI32) out.mut<int32_t>()[k] = number;
    else out.mut<float>()[k] = static_cast<float>(number);
  }
  return out;
}

Result<TextModel::Answer> TextModel::run(const std::string& text) {
  text::Tokens tokens = with_.empty() ? tokenizer_.encode(text) : tokenizer_.encode_pair(text, with_);
  if (tokens.ids.empty()) return invalid("'" + text + "' has no tokens");
  if (open_ && tokens.ids.size() != tokens_) VERGE_CHECK(load(tokens.ids.size()));
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < model_->executable.input_count(); ++i) {
    VERGE_TRY(Tensor made, input(i, tokens));
    inputs.push_back(std::move(made));
  }
  Answer out;
  VERGE_TRY(out.outputs, model_->executable.run(inputs));
  tokens.ids.resize(std::min(tokens.ids.size(), tokens_));
  out.ids = std::move(tokens.ids);
  return out;
}

}  // namespace verge::cli
