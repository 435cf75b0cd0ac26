// The C interface over the device rooms alone: opens packages, not source models. libverge_rt.so and libverge_rt.a.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/prefault.h"
#include "door/describe.h"
#include "exec/op_codes.h"
#include "package/reader.h"
#include "rt/model.h"
#include "verge-rt/files.h"
#include "verge/verge.h"

using verge::Code;
using verge::Status;
using verge::TensorView;

struct verge_model {
  verge::device::Mapped file;
  verge::device::Mapped program;  // decoded from the file; null when the model runs in place
  verge::rt::Model model;
  char* manifest = nullptr;
  int users = 1;  // sessions keep the mapping alive

  verge_model* add_user() { return __atomic_add_fetch(&users, 1, __ATOMIC_RELAXED), this; }
  void drop_user() {
    if (__atomic_sub_fetch(&users, 1, __ATOMIC_ACQ_REL) > 0) return;
    verge::device::unmap_file(file);
    std::free(const_cast<uint8_t*>(program.data));
    std::free(manifest);
    delete this;
  }
};

struct verge_session {
  verge_model* owner = nullptr;
  void* memory = nullptr;
  uint8_t* inputs = nullptr;  // as set, one after the other: the arena is reused by each run
  verge::rt::Session session;

  uint8_t* input(size_t index) const {
    uint8_t* at = inputs;
    for (size_t i = 0; i < index; ++i) at += owner->model.input(i).bytes();
    return at;
  }
};

namespace {

thread_local char last_error[512];

__attribute__((format(printf, 2, 3))) verge_code fail(Code code, const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(last_error, sizeof last_error, pattern, arguments);
  va_end(arguments);
  return static_cast<verge_code>(code);
}

verge_code open_package(const char* path, verge_model& m) {
  if (!verge::device::map_file(path, &m.file)) return fail(errno == ENOENT ? Code::kNotFound : Code::kIo, "cannot map '%s': %s", path, std::strerror(errno));
  verge::package::Reader reader;
  if (Status s = verge::package::Reader::open(m.file.data, m.file.bytes, &reader); !s.ok())
    return fail(s.code(), "'%s' is not a package that this runtime reads: %s; make one with  verge convert", path, code_name(s.code()));
  auto program = reader.find(verge::package::Kind::kProgram);
  const auto manifest = reader.find(verge::package::Kind::kManifest);
  if (program.codec == verge::package::Codec::kPacked) {
    m.program = verge::device::unpacked(program);
    if (!m.program.data) return fail(Code::kCorrupt, "the packed program of '%s' is damaged, or there is no memory for it", path);
    program = {m.program.data, m.program.bytes};
  }
  if (Status s = verge::rt::Model::open(program.data, program.bytes, verge::exec::full_table(), &m.model); !s.ok())
    return fail(s.code(), "the program of '%s' was refused: %s", path, code_name(s.code()));
  verge::prefault(program.data, program.bytes, verge::Access::kRead);
  m.manifest = static_cast<char*>(std::calloc(manifest.bytes + 1, 1));
  if (!m.manifest) return fail(Code::kOutOfMemory, "out of memory");
  if (manifest.bytes) std::memcpy(m.manifest, manifest.data, manifest.bytes);
  return VERGE_OK;
}

verge_code prepare(verge_session& s) {
  const verge::rt::Model& model = s.owner->model;
  size_t input_bytes = 0;
  for (size_t i = 0; i < model.input_count(); ++i) input_bytes += model.input(i).bytes();
  s.inputs = static_cast<uint8_t*>(std::calloc(input_bytes + 1, 1));
  s.memory = std::aligned_alloc(verge::rt::kAlignment, model.session_bytes());
  if (!s.inputs || !s.memory) return fail(Code::kOutOfMemory, "no memory for a session of %zu bytes", model.session_bytes());
  verge::prefault(s.memory, model.session_bytes(), verge::Access::kWrite);
  const Status status = verge::rt::Session::create(model, s.memory, model.session_bytes(), {}, &s.session);
  return status.ok() ? VERGE_OK : fail(status.code(), "cannot make a session: %s", code_name(status.code()));
}

verge_code no_such(const char* what, size_t index, size_t count) { return fail(Code::kInvalidArgument, "no %s %zu: the model has %zu", what, index, count); }

verge_code wrong_size(const char* name, size_t bytes, size_t wanted) {
  return fail(Code::kInvalidArgument, "'%s' takes %zu bytes, %zu were given", name, wanted, bytes);
}

}  // namespace

const char* verge_version(void) { return VERGE_VERSION; }
const char* verge_last_error(void) { return last_error; }

verge_code verge_model_open(const char* path, const verge_options*, verge_model** model) {
  if (!path || !model) return fail(Code::kInvalidArgument, "path and model must not be null");
  auto* opened = new (std::nothrow) verge_model;
  if (!opened) return fail(Code::kOutOfMemory, "out of memory");
  const verge_code code = open_package(path, *opened);
  if (code == VERGE_OK)
    *model = opened;
  else
    opened->drop_user();
  return code;
}

void verge_model_close(verge_model* model) {
  if (model) model->drop_user();
}
size_t verge_model_input_count(const verge_model* model) { return model->model.input_count(); }
size_t verge_model_output_count(const verge_model* model) { return model->model.output_count(); }

verge_code verge_model_input(const verge_model* model, size_t index, verge_tensor_info* info) {
  const verge::rt::Model& m = model->model;
  if (index >= m.input_count()) return no_such("input", index, m.input_count());
  verge::door::describe(m.input_name(index), m.input(index), info);
  return VERGE_OK;
}

verge_code verge_model_output(const verge_model* model, size_t index, verge_tensor_info* info) {
  const verge::rt::Model& m = model->model;
  if (index >= m.output_count()) return no_such("output", index, m.output_count());
  verge::door::describe(m.output_name(index), m.output(index), info);
  return VERGE_OK;
}

size_t verge_model_session_bytes(const verge_model* model) { return model->model.session_bytes(); }
const char* verge_model_manifest(const verge_model* model) { return model->manifest; }

verge_code verge_session_create(const verge_model* model, verge_session** session) {
  auto* made = new (std::nothrow) verge_session;
  if (!made) return fail(Code::kOutOfMemory, "out of memory");
  made->owner = const_cast<verge_model*>(model)->add_user();
  const verge_code code = prepare(*made);
  if (code == VERGE_OK)
    *session = made;
  else
    verge_session_close(made);
  return code;
}

void verge_session_close(verge_session* session) {
  if (!session) return;
  std::free(session->memory);
  std::free(session->inputs);
  session->owner->drop_user();
  delete session;
}

verge_code verge_session_set_input(verge_session* session, size_t index, const void* data, size_t bytes) {
  const verge::rt::Model& model = session->owner->model;
  if (index >= model.input_count()) return no_such("input", index, model.input_count());
  if (bytes != model.input(index).bytes()) return wrong_size(model.input_name(index), bytes, model.input(index).bytes());
  std::memcpy(session->input(index), data, bytes);
  return VERGE_OK;
}

verge_code verge_session_set_tensor(verge_session* session, size_t index, const void* data, const int32_t* dims, int32_t rank) {
  const verge::rt::Model& model = session->owner->model;
  if (index >= model.input_count()) return no_such("input", index, model.input_count());
  const verge::Shape& shape = model.input(index).shape;
  if (rank != shape.rank || (rank > 0 && (!dims || std::memcmp(dims, shape.dim, static_cast<size_t>(rank) * sizeof *dims) != 0)))
    return fail(Code::kInvalidArgument, "'%s' was given in another shape than the package's (verge_model_input); convert the model for that shape", model.input_name(index));
  return verge_session_set_input(session, index, data, model.input(index).bytes());
}

verge_code verge_session_output(const verge_session* session, size_t index, verge_tensor_info* info) {
  return verge_model_output(session->owner, index, info);
}

verge_code verge_session_run(verge_session* session) {
  const verge::rt::Model& model = session->owner->model;
  const uint8_t* from = session->inputs;
  for (size_t i = 0; i < model.input_count(); ++i) {
    const TensorView& view = session->session.input(i);
    std::memcpy(view.data, from, view.bytes());
    from += view.bytes();
  }
  const Status status = session->session.run();
  return status.ok() ? VERGE_OK : fail(status.code(), "the run stopped: %s", code_name(status.code()));
}

verge_code verge_session_get_output(const verge_session* session, size_t index, void* data, size_t bytes) {
  const verge::rt::Model& model = session->owner->model;
  if (index >= model.output_count()) return no_such("output", index, model.output_count());
  const TensorView& view = session->session.output(index);
  if (bytes != view.bytes()) return wrong_size(model.output_name(index), bytes, view.bytes());
  std::memcpy(data, view.data, bytes);
  return VERGE_OK;
}
