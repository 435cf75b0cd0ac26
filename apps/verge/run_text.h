// `verge run --text`: texts through a tokenizer into a language model's inputs.
#pragma once
#include <string>
#include <vector>

#include "pipeline/text/tokenizer.h"
#include "verge/command.h"

namespace verge::cli {

struct TextArguments {
  std::vector<std::string> texts;
  std::string tokenizer, with;  // a file of docs/text.md; a second text beside each
};
void add_text_options(CLI::App& app, TextArguments& arguments);

// A model whose inputs are ids, a mask and types, each [1, tokens], told apart by their names. Where the file leaves the number of tokens open it is that of
// the text; where it is fixed the text is cut or padded with masked zeros.
class TextModel {
 public:
  // kInvalidArgument names the input that is none of the three, or has another shape.
  static Result<TextModel> open(const ModelOptions& model, const TextArguments& arguments);

  struct Answer {
    std::vector<int> ids;
    std::vector<Tensor> outputs;
  };
  Result<Answer> run(const std::string& text);
  const LoadedModel& model() const { return *model_; }

 private:
  Result<void> load(size_t tokens);
  Result<Tensor> input(size_t i, const text::Tokens& tokens) const;

  std::string path_, with_;
  LoadOptions options_;
  text::Tokenizer tokenizer_;
  std::shared_ptr<LoadedModel> model_;
  bool open_ = false;     // the file leaves the number of tokens open
  size_t tokens_ = 0;     // for which the model is loaded
};

}  // namespace verge::cli
