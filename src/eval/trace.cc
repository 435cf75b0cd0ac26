#include "eval/trace.h"

#include "os/clock.h"

namespace verge {
namespace {

struct Recorder {
  const rt::Model& model;
  double zero = 0, began = 0;
  Json events = Json::array();

  void add(const std::string& name, const std::string& category, double from, Json args) {
    events.push_back({{"name", name}, {"cat", category}, {"ph", "X"}, {"ts", (from - zero) * 1e6}, {"dur", (now_s() - from) * 1e6}, {"pid", 1}, {"tid", 1}, {"args", std::move(args)}});
  }
  void step(uint32_t i, bool begin) {
    if (begin) began = now_s();
    else add(model.instruction_name(i), model.operator_name(i), began, {{"operator", model.operator_name(i)}, {"macs", model.instruction(i).macs}});
  }
};

}  // namespace

Result<Json> trace_runs(Executable& executable, std::span<const Tensor> inputs, size_t runs) {
  Recorder recorder{executable.model(), now_s()};
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(executable.set_input(i, inputs[i]));
  VERGE_CHECK(executable.run());
  executable.session().set_trace({[](void* self, uint32_t i, bool begin) { static_cast<Recorder*>(self)->step(i, begin); }, &recorder});
  Result<void> status;
  for (size_t run = 0; run < runs && status.ok(); ++run) {
    const double from = now_s();
    for (size_t i = 0; i < inputs.size() && status.ok(); ++i) status = executable.set_input(i, inputs[i]);
    if (status.ok()) status = executable.run();
    recorder.add("inference", "model", from, {{"run", run}});
  }
  executable.session().set_trace({});
  VERGE_CHECK(std::move(status));
  return Json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(recorder.events)}};
}

}  // namespace verge
