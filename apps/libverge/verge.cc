#include "verge/verge.h"

#include <cstring>
#include <string>

#include "engine/load.h"

struct verge_model {
  verge::LoadedModel loaded;
  std::string manifest;
};

struct verge_session {
  verge::Executable executable;
  std::vector<verge::Tensor> inputs;  // as set, copied in at each run: the arena is reused
};

namespace {

thread_local std::string last_error;

static_assert(static_cast<int>(verge::Code::kInternal) == VERGE_INTERNAL && static_cast<int>(verge::Code::kBusy) == VERGE_BUSY);
static_assert(static_cast<int>(verge::DataType::kBool) == VERGE_BOOL && static_cast<int>(verge::DataType::kF32) == VERGE_F32);

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

void describe(const char* name, const verge::TensorView& view, verge_tensor_info* info) {
  *info = {};
  info->name = name;
  info->dtype = static_cast<verge_dtype>(view.dtype);
  info->rank = view.shape.rank;
  std::memcpy(info->dims, view.shape.dim, sizeof info->dims);
  info->bytes = view.bytes();
  if (view.quant.count == 1) {
    info->scale = view.quant.scale[0];
    info->zero_point = view.quant.zero_point[0];
  }
}

verge::Error no_such(const char* what, size_t index, size_t count) {
  return verge::invalid("no " + std::string(what) + " " + std::to_string(index) + ": the model has " + std::to_string(count));
}

verge::Error wrong_size(const char* name, size_t bytes, size_t wanted) {
  return verge::invalid("'" + std::string(name) + "' takes " + std::to_string(wanted) + " bytes, " + std::to_string(bytes) + " were given");
}

}  // namespace

const char* verge_version(void) { return VERGE_VERSION; }
const char* verge_last_error(void) { return last_error.c_str(); }

verge_code verge_model_open(const char* path, const verge_options* options, verge_model** model) {
  return guarded([&]() -> verge::Result<void> {
    if (!path || !model) return verge::invalid("path and model must not be null");
    verge::LoadOptions load;
    if (options && options->size >= sizeof(verge_options)) load.threads = options->threads;
    VERGE_TRY(verge::LoadedModel loaded, verge::load_model(path, load));
    std::string manifest = loaded.manifest.dump();
    *model = new verge_model{std::move(loaded), std::move(manifest)};
    return verge::done();
  });
}

void verge_model_close(verge_model* model) { delete model; }
size_t verge_model_input_count(const verge_model* model) { return model->loaded.executable.input_count(); }
size_t verge_model_output_count(const verge_model* model) { return model->loaded.executable.output_count(); }

verge_code verge_model_input(const verge_model* model, size_t index, verge_tensor_info* info) {
  const verge::rt::Model& m = model->loaded.executable.model();
  if (index >= m.input_count()) return fail(no_such("input", index, m.input_count()));
  describe(m.input_name(index), m.input(index), info);
  return VERGE_OK;
}

verge_code verge_model_output(const verge_model* model, size_t index, verge_tensor_info* info) {
  const verge::rt::Model& m = model->loaded.executable.model();
  if (index >= m.output_count()) return fail(no_such("output", index, m.output_count()));
  describe(m.output_name(index), m.output(index), info);
  return VERGE_OK;
}

size_t verge_model_session_bytes(const verge_model* model) { return model->loaded.executable.model().session_bytes(); }
const char* verge_model_manifest(const verge_model* model) { return model->manifest.c_str(); }

verge_code verge_session_create(const verge_model* model, verge_session** session) {
  return guarded([&]() -> verge::Result<void> {
    VERGE_TRY(verge::Executable executable, model->loaded.executable.another());
    std::vector<verge::Tensor> inputs;
    for (size_t i = 0; i < executable.input_count(); ++i) inputs.emplace_back(executable.model().input(i).dtype, executable.model().input(i).shape);
    *session = new verge_session{std::move(executable), std::move(inputs)};
    return verge::done();
  });
}

void verge_session_close(verge_session* session) { delete session; }

verge_code verge_session_set_input(verge_session* session, size_t index, const void* data, size_t bytes) {
  if (index >= session->inputs.size()) return fail(no_such("input", index, session->inputs.size()));
  verge::Tensor& input = session->inputs[index];
  if (bytes != input.bytes().size()) return fail(wrong_size(session->executable.model().input_name(index), bytes, input.bytes().size()));
  std::memcpy(input.data(), data, bytes);
  return VERGE_OK;
}

verge_code verge_session_run(verge_session* session) {
  return guarded([&]() -> verge::Result<void> {
    for (size_t i = 0; i < session->inputs.size(); ++i) VERGE_CHECK(session->executable.set_input(i, session->inputs[i]));
    return session->executable.run();
  });
}

verge_code verge_session_get_output(const verge_session* session, size_t index, void* data, size_t bytes) {
  auto& executable = const_cast<verge_session*>(session)->executable;
  if (index >= executable.output_count()) return fail(no_such("output", index, executable.output_count()));
  const verge::TensorView& view = executable.session().output(index);
  if (bytes != view.bytes()) return fail(wrong_size(executable.model().output_name(index), bytes, view.bytes()));
  std::memcpy(data, view.data, bytes);
  return VERGE_OK;
}
