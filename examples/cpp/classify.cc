// classify MODEL: runs a model once on a grey picture and prints its scores.
#include <cstdio>

#include "verge/verge.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: classify MODEL\n"), 2;
  try {
    verge::Model model(argv[1]);
    verge::Session session(model);
    const std::vector<unsigned char> grey(model.input(0).bytes, 0);
    session.set_input(0, grey);
    session.run();
    const verge_tensor_info out = model.output(0);
    std::printf("%s:", out.name);
    if (out.dtype == VERGE_F32) {
      for (float score : session.output<float>(0)) std::printf(" %.4f", score);
    } else {
      for (signed char score : session.output<signed char>(0)) std::printf(" %d", score);
    }
    std::printf("\n");
    return 0;
  } catch (const verge::Exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
