#include "pipeline/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = verge::text::Tokenizer::read({data, size});
  if (!tokenizer.ok()) return 0;
  const verge::text::Tokens tokens = tokenizer->encode("Hello, w\xc3\xb6rld! \xe4\xbd\xa0 abc 123\xff");
  (void)tokenizer->decode(tokens.ids);
  return 0;
}
