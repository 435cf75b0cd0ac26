// async_runner PACKAGE: many inferences at once through verge::AsyncRunner give the answers of one after the other; a job's exception reaches its future.
#include <atomic>
#include <cstdio>

#include "verge/verge.hpp"

namespace {

std::vector<float> input_of(const verge::Model& model, int seed) {
  std::vector<float> x(model.input(0).bytes / sizeof(float));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 7 + static_cast<size_t>(seed) * 131) % 255) / 255.0f;
  return x;
}

std::vector<float> infer(verge::Session& session, const std::vector<float>& x) {
  session.set_input(0, x);
  session.run();
  return session.output<float>(0);
}

bool same_answers(const verge::Model& model, int workers, int count) {
  verge::Session alone(model);
  std::vector<std::future<std::vector<float>>> later;
  verge::AsyncRunner runner(model, workers);
  for (int i = 0; i < count; ++i) later.push_back(runner.submit([x = input_of(model, i)](verge::Session& s) { return infer(s, x); }));
  bool same = true;
  for (int i = 0; i < count; ++i) same = later[static_cast<size_t>(i)].get() == infer(alone, input_of(model, i)) && same;
  return same;
}

bool exceptions_arrive(const verge::Model& model) {
  verge::AsyncRunner runner(model);
  auto bad = runner.submit([](verge::Session& s) { s.set_input(0, std::vector<float>(3)); });
  auto good = runner.submit([&](verge::Session& s) { return infer(s, input_of(model, 1)).size(); });
  try {
    bad.get();
  } catch (const verge::Exception& e) {
    return e.code() == VERGE_INVALID_ARGUMENT && good.get() > 0;
  }
  return false;
}

bool the_end_finishes_what_waits(const verge::Model& model) {
  std::atomic<int> done{0};
  {
    verge::AsyncRunner runner(model, 2, 16);
    for (int i = 0; i < 16; ++i) runner.submit([&](verge::Session& s) { infer(s, input_of(model, i)), ++done; });
  }
  return done == 16;
}

}  // namespace

int main(int, char** argv) {
  const verge::Model model(argv[1]);
  const bool ok[] = {same_answers(model, 1, 20), same_answers(model, 4, 60), exceptions_arrive(model), the_end_finishes_what_waits(model)};
  std::printf("one worker %d, four workers %d, exceptions %d, end %d\n", ok[0], ok[1], ok[2], ok[3]);
  return ok[0] && ok[1] && ok[2] && ok[3] ? 0 : 1;
}
