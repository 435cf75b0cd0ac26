// ONNX Runtime as a delegate, through its C interface: one table of functions that only ever grows at its end (struct OrtApi in
// https://onnxruntime.ai/docs/api/c/). What is used of it is named here by its place in the table; the library is loaded at run time.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "verge/delegate.h"

namespace {

constexpr uint32_t kApiVersion = 11;  // the oldest table that has all of these; every later ONNX Runtime still gives it out

enum class Call : size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSessionGetInputCount = 30,
  kSessionGetOutputCount = 31,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorWithData = 49,
  kIsTensor = 50,
  kGetTensorMutableData = 51,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kAllocatorFree = 76,
  kGetAllocator = 78,
  kReleaseStatus = 93,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
};

struct ApiBase {
  const void* (*get_api)(uint32_t version);
  const char* (*version)();
};

constexpr int kWarningsOff = 3, kDeviceAllocator = 0, kDefaultMemory = 0, kString = 8;

void say(char* error, size_t bytes, const std::string& words) { std::snprintf(error, bytes, "%s", words.c_str()); }

// The engine: one for the process.
class Engine {
 public:
  // Null, with words, when no such library is there or it is too old.
  static Engine* get(const char* library, std::string& words);

  const std::string& version() const { return version_; }
  void* environment() const { return environment_; }
  void* memory() const { return memory_; }
  void* allocator() const { return allocator_; }

  template <typename... Args>
  void release(Call call, Args... args) const {
    reinterpret_cast<void (*)(Args...)>(at(call))(args...);
  }
  // False, with the engine's words, when the call failed.
  template <typename... Args>
  bool call(std::string& words, Call call, Args... args) const {
    void* status = reinterpret_cast<void* (*)(Args...)>(at(call))(args...);
    if (!status) return true;
    words = reinterpret_cast<const char* (*)(void*)>(at(Call::kGetErrorMessage))(status);
    release(Call::kReleaseStatus, status);
    return false;
  }

 private:
  void* at(Call call) const { return table_[static_cast<size_t>(call)]; }
  bool open(const ApiBase* base, std::string& words);

  void* const* table_ = nullptr;
  void *environment_ = nullptr, *memory_ = nullptr, *allocator_ = nullptr;
  std::string version_;
};

void* load(const char* given, std::string& words) {
  const char* named = given ? given : std::getenv("VERGE_ONNXRUNTIME");
  std::vector<const char*> names = {"libonnxruntime.so.1", "libonnxruntime.so"};
  if (named) names = {named};
  for (const char* name : names)
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  words = "ONNX Runtime's library is not there (" + std::string(::dlerror()) +
          "); install it (pip install onnxruntime), and name it: onnxruntime=PATH/libonnxruntime.so.1.x, or VERGE_ONNXRUNTIME in the environment";
  return nullptr;
}

bool Engine::open(const ApiBase* base, std::string& words) {
  table_ = static_cast<void* const*>(base->get_api(kApiVersion));
  version_ = base->version();
  words = "ONNX Runtime " + version_ + " is too old; version 1.11 or newer is wanted";
  return table_ && call(words, Call::kCreateEnv, kWarningsOff, "verge", &environment_) && call(words, Call::kCreateCpuMemoryInfo, kDeviceAllocator, kDefaultMemory, &memory_) &&
         call(words, Call::kGetAllocator, &allocator_);
}

Engine* Engine::get(const char* library, std::string& words) {
  static Engine engine;
  if (engine.environment_) return &engine;
  void* handle = load(library, words);
  if (!handle) return nullptr;
  const auto base = reinterpret_cast<const ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  if (!base) {
    words = "the library given is not ONNX Runtime: it exports no OrtGetApiBase";
    return nullptr;
  }
  return engine.open(base(), words) ? &engine : nullptr;
}

Engine* the_engine = nullptr;

struct Session {
  void* session = nullptr;
  std::vector<std::string> inputs, outputs;
  ~Session() {
    if (session) the_engine->release(Call::kReleaseSession, session);
  }
};

bool read_names(const Session& s, Call count_call, Call name_call, std::vector<std::string>& names, std::string& words) {
  size_t count = 0;
  if (!the_engine->call(words, count_call, static_cast<const void*>(s.session), &count)) return false;
  for (size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    if (!the_engine->call(words, name_call, static_cast<const void*>(s.session), i, the_engine->allocator(), &name)) return false;
    names.emplace_back(name);
    if (!the_engine->call(words, Call::kAllocatorFree, the_engine->allocator(), static_cast<void*>(name))) return false;
  }
  return true;
}

bool prepare(Session& s, const void* onnx, size_t bytes, int threads, std::string& words) {
  void* options = nullptr;
  if (!the_engine->call(words, Call::kCreateSessionOptions, &options)) return false;
  const bool made = the_engine->call(words, Call::kSetIntraOpNumThreads, options, threads) &&
                    the_engine->call(words, Call::kCreateSessionFromArray, static_cast<const void*>(the_engine->environment()), onnx, bytes, static_cast<const void*>(options), &s.session);
  the_engine->release(Call::kReleaseSessionOptions, options);
  return made && read_names(s, Call::kSessionGetInputCount, Call::kSessionGetInputName, s.inputs, words) &&
         read_names(s, Call::kSessionGetOutputCount, Call::kSessionGetOutputName, s.outputs, words);
}

void* compile(const void* onnx, size_t bytes, int32_t threads, char* error, size_t error_bytes) {
  auto s = std::make_unique<Session>();
  std::string words;
  if (prepare(*s, onnx, bytes, threads, words)) return s.release();
  say(error, error_bytes, words);
  return nullptr;
}

// Values of one run; released together.
struct Values {
  std::vector<void*> all;
  ~Values() {
    for (void* v : all)
      if (v) the_engine->release(Call::kReleaseValue, v);
  }
};

size_t element_bytes(int type) {
  static constexpr size_t kBytes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2};
  return type >= 0 && type < 17 ? kBytes[type] : 0;
}

bool emit_value(void* value, size_t index, VergeDelegateEmit emit, void* context, std::string& words) {
  int is_tensor = 0, type = 0;
  if (!the_engine->call(words, Call::kIsTensor, static_cast<const void*>(value), &is_tensor)) return false;
  if (!is_tensor) {
    words = "output " + std::to_string(index) + " is no tensor";
    return false;
  }
  void* info = nullptr;
  if (!the_engine->call(words, Call::kGetTensorTypeAndShape, static_cast<const void*>(value), &info)) return false;
  size_t rank = 0;
  std::vector<int64_t> dims;
  bool good = the_engine->call(words, Call::kGetTensorElementType, static_cast<const void*>(info), &type) &&
              the_engine->call(words, Call::kGetDimensionsCount, static_cast<const void*>(info), &rank);
  dims.resize(rank);
  good = good && the_engine->call(words, Call::kGetDimensions, static_cast<const void*>(info), dims.data(), rank);
  the_engine->release(Call::kReleaseTensorInfo, info);
  void* data = nullptr;
  if (!good || type == kString || !the_engine->call(words, Call::kGetTensorMutableData, value, &data)) {
    if (type == kString) words = "output " + std::to_string(index) + " holds texts";
    return false;
  }
  size_t bytes = element_bytes(type);
  for (int64_t d : dims) bytes *= static_cast<size_t>(d);
  const VergeDelegateTensor tensor = {type, static_cast<int32_t>(rank), dims.data(), data, bytes};
  emit(context, index, &tensor);
  return true;
}

std::vector<const char*> pointers(const std::vector<std::string>& names) {
  std::vector<const char*> out;
  for (const std::string& n : names) out.push_back(n.c_str());
  return out;
}

bool run_session(Session& s, const VergeDelegateTensor* inputs, size_t count, VergeDelegateEmit emit, void* context, std::string& words) {
  if (count != s.inputs.size()) {
    words = "the model has " + std::to_string(s.inputs.size()) + " inputs, " + std::to_string(count) + " were given";
    return false;
  }
  Values in, out;
  for (size_t i = 0; i < count; ++i) {
    const VergeDelegateTensor& t = inputs[i];
    in.all.push_back(nullptr);
    if (!the_engine->call(words, Call::kCreateTensorWithData, static_cast<const void*>(the_engine->memory()), const_cast<void*>(t.data), t.bytes, t.dims, static_cast<size_t>(t.rank),
                          static_cast<int>(t.type), &in.all.back()))
      return false;
  }
  out.all.assign(s.outputs.size(), nullptr);
  const std::vector<const char*> in_names = pointers(s.inputs), out_names = pointers(s.outputs);
  if (!the_engine->call(words, Call::kRun, s.session, static_cast<const void*>(nullptr), in_names.data(), const_cast<const void* const*>(in.all.data()), count, out_names.data(),
                        out_names.size(), out.all.data()))
    return false;
  for (size_t i = 0; i < out.all.size(); ++i)
    if (!emit_value(out.all[i], i, emit, context, words)) return false;
  return true;
}

int32_t run(void* model, const VergeDelegateTensor* inputs, size_t count, VergeDelegateEmit emit, void* context, char* error, size_t error_bytes) {
  std::string words;
  if (run_session(*static_cast<Session*>(model), inputs, count, emit, context, words)) return 0;
  say(error, error_bytes, words);
  return 1;
}

void release(void* model) { delete static_cast<Session*>(model); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const VergeDelegate* verge_delegate(uint32_t abi, const char* engine, char* error, size_t error_bytes) {
  static VergeDelegate table = {VERGE_DELEGATE_ABI, "onnxruntime", "", compile, run, release};
  std::string words = "this delegate speaks another version of the interface";
  if (abi != VERGE_DELEGATE_ABI || !(the_engine = Engine::get(engine, words))) {
    say(error, error_bytes, words);
    return nullptr;
  }
  table.version = the_engine->version().c_str();
  return &table;
}
