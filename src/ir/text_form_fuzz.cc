// Any bytes: an error, or a graph that is valid and whose text is a fixed point of print and parse.
#include <cstdio>
#include <cstdlib>

#include "ir/text_form.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto graph = verge::parse_graph({reinterpret_cast<const char*>(data), size});
  if (!graph.ok()) return 0;
  if (!graph->validate().ok()) std::abort();
  const std::string text = verge::print_graph(*graph, {.types = true});
  const auto again = verge::parse_graph(text);
  if (!again.ok() || verge::print_graph(*again, {.types = true}) != text) {
    std::fputs(text.c_str(), stderr);
    std::abort();
  }
  return 0;
}
