#include "verge/verge.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "door/describe.h"
#include "engine/load.h"
#include "engine/parted.h"

struct verge_model {
  std::optional<verge::LoadedModel> loaded;                 // as one Program; none where shapes depend on inputs
  std::shared_ptr<const verge::formats::PartSource> parts;  // of an ONNX file: for shapes other than the Program's
  std::vector<verge::formats::PartSource::Port> inputs, outputs;
  verge::LoadOptions options;
  std::string manifest = "{}";
};

struct verge_session {
  std::optional<verge::Executable> executable;
  std::optional<verge::PartedModel> parted;
  std::vector<verge::formats::PartSource::Port> input_ports, output_ports;
  std::vector<verge::Tensor> inputs;   // as set, copied in at each run: the arena is reused
  std::vector<verge::Tensor> outputs;  // of the last run, where it was in parts
};

namespace {

using verge::door::describe;

thread_local std::string last_error;

verge_code fail(const verge::Error& error) {
  last_error = error.message();
  return static_cast<verge_code>(error.code());
}

// Nothing may be thrown through C.
template <typename Body> verge_code guarded(Body&& body) {
  try {
    const verge::Result<void> done = body();
    return done.ok() ? VERGE_OK : fail(done.error());
  } catch (const std::bad_alloc&) {
    return fail({verge::Code::kOutOfMemory, "out of memory"});
  } catch (const std::exception& e) {
    return fail(verge::internal(e.what()));
  }
}

void describe(const verge::formats::PartSource::Port& port, verge_tensor_info* info) {
  *info = {};
  info->name = port.name.c_str();
  info->dtype = static_cast<verge_dtype>(port.type.dtype);
  info->rank = std::min<int32_t>(port.type.rank(), 8);
  for (int32_t i = 0; i < info->rank; ++i) info->dims[i] = static_cast<int32_t>(port.type.dims[static_cast<size_t>(i)].size);
  if (port.type.is_static() && port.type.rank() <= 8) info->bytes = verge::dtype_bytes(port.type.dtype, static_cast<size_t>(port.type.shape().count()));
}

verge::formats::PartSource::Port port_of(const char* name, const verge::TensorView& view) {
  return {name, verge::formats::PartSource::Kind::kTensor, verge::TensorType(view.dtype, view.shape)};
}

verge::Error no_such(const char* what, size_t index, size_t count) {
  return verge::invalid("no " + std::string(what) + " " + std::to_string(index) + ": the model has " + std::to_string(count));
}

verge::Error wrong_size(const char* name, size_t bytes, size_t wanted) {
  return verge::invalid("'" + std::string(name) + "' takes " + std::to_string(wanted) + " bytes, " + std::to_string(bytes) + " were given");
}

verge::TensorView view_of(const verge::Tensor& tensor) { return {const_cast<uint8_t*>(tensor.bytes().data()), tensor.dtype(), tensor.shape(), {}}; }

// As one Program where that is possible; an ONNX file can be run in parts too.
verge::Result<void> open_model(const std::string& path, verge_model& model) {
  auto loaded = verge::load_model(path, model.options);
  const bool needs_parts = !loaded.ok() && loaded.error().code() == verge::Code::kUnsupported;
  if (!loaded.ok() && !needs_parts) return std::move(loaded).error();
  auto parts = verge::open_parts(path, model.options);
  if (parts.ok()) model.parts = *std::move(parts);
  if (!loaded.ok() && !model.parts) return std::move(loaded).error();
  if (!loaded.ok()) {
    model.inputs = model.parts->inputs();
    model.outputs = model.parts->outputs();
    return verge::done();
  }
  const verge::rt::Model& m = loaded->executable.model();
  for (size_t i = 0; i < m.input_count(); ++i) model.inputs.push_back(port_of(m.input_name(i), m.input(i)));
  for (size_t i = 0; i < m.output_count(); ++i) model.outputs.push_back(port_of(m.output_name(i), m.output(i)));
  model.manifest = loaded->manifest.dump();
  model.loaded = *std::move(loaded);
  return verge::done();
}

// In parts where there is no Program, or where the inputs are not of its shapes.
bool runs_in_parts(const verge_session& session) {
  bool other = !session.executable;
  for (size_t i = 0; !other && i < session.inputs.size(); ++i) other = !(session.executable->model().input(i).shape == session.inputs[i].shape());
  return other && session.parted.has_value();
}

verge::Result<void> run_session(verge_session& session) {
  session.outputs.clear();
  if (!runs_in_parts(session)) {
    for (size_t i = 0; i < session.inputs.size(); ++i) VERGE_CHECK(session.executable->set_input(i, session.inputs[i]));
    return session.executable->run();
  }
  const std::vector<verge::ops::HostValue> inputs(session.inputs.begin(), session.inputs.end());
  VERGE_TRY(std::vector<verge::ops::HostValue> values, session.parted->run(inputs));
  for (size_t i = 0; i < values.size(); ++i)
    if (!values[i].is_tensor()) return verge::unsupported("output '" + session.output_ports[i].name + "' is no tensor; this interface gives tensors alone");
  for (verge::ops::HostValue& v : values) session.outputs.push_back(std::move(v.tensor));
  return verge::done();
}

}  // namespace

const char* verge_version(void) { return VERGE_VERSION; }
const char* verge_last_error(void) { return last_error.c_str(); }

verge_code verge_model_open(const char* path, const verge_options* options, verge_model** model) {
  return guarded([&]() -> verge::Result<void> {
    if (!path || !model) return verge::invalid("path and model must not be null");
    auto made = std::make_unique<verge_model>();
    if (options && options->size >= sizeof(verge_options)) made->options.threads = options->threads;
    VERGE_CHECK(open_model(path, *made));
    *model = made.release();
    return verge::done();
  });
}

void verge_model_close(verge_model* model) { delete model; }
size_t verge_model_input_count(const verge_model* model) { return model->inputs.size(); }
size_t verge_model_output_count(const verge_model* model) { return model->outputs.size(); }

verge_code verge_model_input(const verge_model* model, size_t index, verge_tensor_info* info) {
  if (index >= model->inputs.size()) return fail(no_such("input", index, model->inputs.size()));
  if (model->loaded) describe(model->inputs[index].name.c_str(), model->loaded->executable.model().input(index), info);
  else describe(model->inputs[index], info);
  return VERGE_OK;
}

verge_code verge_model_output(const verge_model* model, size_t index, verge_tensor_info* info) {
  if (index >= model->outputs.size()) return fail(no_such("output", index, model->outputs.size()));
  if (model->loaded) describe(model->outputs[index].name.c_str(), model->loaded->executable.model().output(index), info);
  else describe(model->outputs[index], info);
  return VERGE_OK;
}

size_t verge_model_session_bytes(const verge_model* model) { return model->loaded ? model->loaded->executable.model().session_bytes() : 0; }
const char* verge_model_manifest(const verge_model* model) { return model->manifest.c_str(); }

verge_code verge_session_create(const verge_model* model, verge_session** session) {
  return guarded([&]() -> verge::Result<void> {
    auto made = std::make_unique<verge_session>();
    made->input_ports = model->inputs;
    made->output_ports = model->outputs;
    if (model->parts) made->parted.emplace(model->parts, model->options);
    if (model->loaded) {
      VERGE_TRY(made->executable, model->loaded->executable.another());
    }
    for (const auto& port : model->inputs) made->inputs.push_back(port.type.is_static() ? verge::Tensor(port.type.dtype, port.type.shape()) : verge::Tensor());
    *session = made.release();
    return verge::done();
  });
}

void verge_session_close(verge_session* session) { delete session; }

verge_code verge_session_set_input(verge_session* session, size_t index, const void* data, size_t bytes) {
  if (index >= session->inputs.size()) return fail(no_such("input", index, session->inputs.size()));
  const verge::TensorType& type = session->input_ports[index].type;
  const char* name = session->input_ports[index].name.c_str();
  if (!type.is_static()) return fail(verge::invalid("'" + std::string(name) + "' is " + type.text() + ": set it with its shape (verge_session_set_tensor)"));
  const verge::Shape shape = type.shape();
  const size_t wanted = verge::dtype_bytes(type.dtype, static_cast<size_t>(shape.count()));
  if (bytes != wanted) return fail(wrong_size(name, bytes, wanted));
  return verge_session_set_tensor(session, index, data, shape.dim, shape.rank);
}

verge_code verge_session_set_tensor(verge_session* session, size_t index, const void* data, const int32_t* dims, int32_t rank) {
  return guarded([&]() -> verge::Result<void> {
    if (index >= session->inputs.size()) return no_such("input", index, session->inputs.size());
    if (rank < 0 || rank > verge::kMaxRank || (rank > 0 && !dims)) return verge::invalid("rank " + std::to_string(rank) + " is not from 0 to " + std::to_string(verge::kMaxRank));
    verge::Shape shape;
    for (int32_t i = 0; i < rank; ++i) {
      if (dims[i] < 0) return verge::invalid("dimension " + std::to_string(dims[i]) + " is not a size");
      shape.dim[shape.rank++] = dims[i];
    }
    verge::Tensor& input = session->inputs[index];
    if (!(input.shape() == shape) || input.dtype() == verge::DataType::kNone) input = verge::Tensor(session->input_ports[index].type.dtype, shape);
    if (!input.bytes().empty()) std::memcpy(input.data(), data, input.bytes().size());
    return verge::done();
  });
}

verge_code verge_session_run(verge_session* session) {
  return guarded([&] { return run_session(*session); });
}

verge_code verge_session_output(const verge_session* session, size_t index, verge_tensor_info* info) {
  if (index >= session->output_ports.size()) return fail(no_such("output", index, session->output_ports.size()));
  const char* name = session->output_ports[index].name.c_str();
  if (!session->outputs.empty()) describe(name, view_of(session->outputs[index]), info);
  else if (session->executable) describe(name, session->executable->model().output(index), info);
  else describe(session->output_ports[index], info);
  return VERGE_OK;
}

verge_code verge_session_get_output(const verge_session* session, size_t index, void* data, size_t bytes) {
  if (index >= session->output_ports.size()) return fail(no_such("output", index, session->output_ports.size()));
  if (session->outputs.empty() && !session->executable) return fail(verge::invalid("there was no run yet"));
  const verge::TensorView view = session->outputs.empty() ? const_cast<verge_session*>(session)->executable->session().output(index) : view_of(session->outputs[index]);
  if (bytes != view.bytes()) return fail(wrong_size(session->output_ports[index].name.c_str(), bytes, view.bytes()));
  if (bytes) std::memcpy(data, view.data, bytes);
  return VERGE_OK;
}
