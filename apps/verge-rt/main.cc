// verge-rt: runs a package on a device with the runtime alone.
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "exec/op_codes.h"
#include "package/reader.h"
#include "rt/model.h"
#include "verge-rt/files.h"
#include "verge-rt/golden.h"

namespace {

using namespace verge;

constexpr const char* kHelp =
    "verge-rt MODEL.vpk [--info] [--self-test] [--memory] [--bench RUNS] [--input FILE]... [--output FILE]... [--input-dir DIR --output-dir DIR]\n\n"
    "Runs a package with the device runtime alone. Files are .npy of the input's type and shape, or raw bytes.\n\n"
    "Example: verge-rt model.vpk --self-test\n";

struct Options {
  const char* model = nullptr;
  const char* input_dir = nullptr;
  const char* output_dir = nullptr;
  const char* inputs[16] = {};
  const char* outputs[16] = {};
  size_t input_count = 0, output_count = 0;
  bool info = false, self_test = false, memory = false;
  long bench = 0;
};

int exit_code(Code code) {
  switch (code) {
    case Code::kOk: return 0;
    case Code::kUnsupported: return 3;
    case Code::kNotFound:
    case Code::kIo:
    case Code::kOutOfMemory: return 5;
    case Code::kIntegrity: return 6;
    case Code::kCorrupt: return 7;
    case Code::kInvalidArgument: return 2;
    default: return 70;
  }
}

int fail(const char* what, Status status) {
  std::fprintf(stderr, "%s: %s: %s\n", status.code() == Code::kUnsupported ? "unsupported" : "error", what, code_name(status.code()));
  return exit_code(status.code());
}

bool parse(int argc, char** argv, Options& o) {
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
    if (is("--info")) o.info = true;
    else if (is("--self-test")) o.self_test = true;
    else if (is("--memory")) o.memory = true;
    else if (argv[i][0] != '-' && !o.model) o.model = argv[i];
    else if (i + 1 == argc) return false;
    else if (is("--input-dir")) o.input_dir = argv[++i];
    else if (is("--output-dir")) o.output_dir = argv[++i];
    else if (is("--bench")) o.bench = std::strtol(argv[++i], nullptr, 10);
    else if (is("--input") && o.input_count < 16) o.inputs[o.input_count++] = argv[++i];
    else if (is("--output") && o.output_count < 16) o.outputs[o.output_count++] = argv[++i];
    else return false;
  }
  return o.model && (!o.input_dir == !o.output_dir);
}

double now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

void print_tensor(const char* role, const char* name, const TensorView& view) {
  std::printf("%s %s %s[", role, name, dtype_name(view.dtype));
  for (int i = 0; i < view.shape.rank; ++i) std::printf("%s%d", i ? "," : "", static_cast<int>(view.shape[i]));
  std::printf("]\n");
}

void print_info(const rt::Model& model) {
  for (size_t i = 0; i < model.input_count(); ++i) print_tensor("input", model.input_name(i), model.input(i));
  for (size_t i = 0; i < model.output_count(); ++i) print_tensor("output", model.output_name(i), model.output(i));
  std::printf("session %zu bytes, of which arena %zu; weights %zu bytes\n", model.session_bytes(), model.arena_bytes(), model.const_bytes());
}

// Bytes of anonymous memory that this process holds resident.
long anonymous_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long size = 0, resident = 0, shared = 0;
  if (!file) return 0;
  const int n = std::fscanf(file, "%ld %ld %ld", &size, &resident, &shared);
  std::fclose(file);
  return n == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : 0;
}

// A session made and run once on a thread of its own.
struct Trial {
  const rt::Model& model;
  const char* step = "session";
  Status status{Code::kOutOfMemory};
  long grown = 0;

  void run() {
    const size_t bytes = model.session_bytes();
    const long before = anonymous_bytes();
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    rt::Session session;
    if (memory == MAP_FAILED) return;
    if (status = rt::Session::create(model, memory, bytes, {}, &session); !status.ok()) return;
    for (size_t i = 0; i < model.input_count(); ++i) std::memset(session.input(i).data, 0, session.input(i).bytes());
    step = "run";
    status = session.run();
    grown = anonymous_bytes() - before;
  }
};

// What the plan says a session takes, what the process grew by when it was made and run, and how much stack that took; the program itself stays in the
// file's pages. The stack is filled beforehand, so that it is not part of the growth and its unused bytes can be told.
int print_memory(const rt::Model& model) {
  constexpr size_t kStack = 1 << 20;
  constexpr char kUnused = 0x5a;
  Trial trial{model};
  auto* stack = static_cast<char*>(mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (stack == MAP_FAILED) return fail("stack", Status(Code::kOutOfMemory));
  std::memset(stack, kUnused, kStack);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, kStack);
  const auto run = [](void* self) -> void* { return static_cast<Trial*>(self)->run(), nullptr; };
  if (pthread_create(&thread, &attributes, run, &trial) != 0) return fail("thread", Status(Code::kOutOfMemory));
  pthread_join(thread, nullptr);
  if (!trial.status.ok()) return fail(trial.step, trial.status);
  const char* end = stack + kStack;
  const char* used = std::find_if(stack, stack + kStack, [](char byte) { return byte != kUnused; });
  std::printf("%zu %ld %td\n", model.session_bytes(), trial.grown, end - used);
  return 0;
}

// DIR/stem_I.npy
const char* numbered(char (&path)[4096], const char* dir, const char* stem, size_t i) {
  std::snprintf(path, sizeof path, "%s/%s_%zu.npy", dir, stem, i);
  return path;
}

int read_inputs(const Options& o, rt::Session& session) {
  char path[4096];
  for (size_t i = 0; i < session.model().input_count(); ++i) {
    const char* name = o.input_dir ? numbered(path, o.input_dir, "input", i) : i < o.input_count ? o.inputs[i] : nullptr;
    const char* why = "";
    if (!name) return std::fprintf(stderr, "error: no file given for input '%s'\n", session.model().input_name(i)), 2;
    if (!device::read_tensor(name, session.input(i), &why)) return std::fprintf(stderr, "error: '%s' %s '%s'\n", name, why, session.model().input_name(i)), 5;
  }
  return 0;
}

int write_outputs(const Options& o, const rt::Session& session) {
  char path[4096];
  for (size_t i = 0; i < session.model().output_count(); ++i) {
    const char* name = o.output_dir ? numbered(path, o.output_dir, "output", i) : i < o.output_count ? o.outputs[i] : nullptr;
    if (name && !device::write_tensor(name, session.output(i))) return std::fprintf(stderr, "error: cannot write '%s': %s\n", name, std::strerror(errno)), 5;
  }
  return 0;
}

int self_test(const package::Reader& reader, rt::Session& session) {
  device::SelfTest result;
  if (Status s = device::run_golden(reader.find(package::Kind::kGolden), session, &result); !s.ok()) return fail("self-test", s);
  std::printf("self-test: %u vectors, %u outputs, %u different, largest difference %g\n", result.vectors, result.outputs, result.different, result.largest_difference);
  return result.different ? 6 : 0;
}

int bench(long runs, rt::Session& session) {
  double best = 1e30;
  const double start = now_ms();
  for (long i = 0; i < runs; ++i) {
    const double begin = now_ms();
    if (Status s = session.run(); !s.ok()) return fail("run", s);
    const double ms = now_ms() - begin;
    best = ms < best ? ms : best;
  }
  std::printf("%ld runs: mean %.4f ms, min %.4f ms\n", runs, (now_ms() - start) / static_cast<double>(runs), best);
  return 0;
}

int run(const Options& o) {
  device::Mapped file;
  if (!device::map_file(o.model, &file)) return std::fprintf(stderr, "error: cannot map '%s': %s\n", o.model, std::strerror(errno)), 5;
  package::Reader reader;
  if (Status s = package::Reader::open(file.data, file.bytes, &reader); !s.ok()) return fail(o.model, s);
  package::Section program = reader.find(package::Kind::kProgram);
  if (program.codec == package::Codec::kPacked) {
    const device::Mapped memory = device::unpacked(program);
    if (!memory.data) return fail("packed program", Code::kCorrupt);
    program = {memory.data, memory.bytes};
  }
  rt::Model model;
  if (Status s = rt::Model::open(program.data, program.bytes, exec::full_table(), &model); !s.ok()) return fail("program", s);
  if (o.info) print_info(model);
  if (o.memory) return print_memory(model);
  void* memory = std::aligned_alloc(rt::kAlignment, model.session_bytes());
  rt::Session session;
  if (!memory) return fail("session", Code::kOutOfMemory);
  if (Status s = rt::Session::create(model, memory, model.session_bytes(), {}, &session); !s.ok()) return fail("session", s);
  if (o.self_test)
    if (const int code = self_test(reader, session)) return code;
  if (o.input_dir || o.input_count) {
    if (const int code = read_inputs(o, session)) return code;
    if (Status s = session.run(); !s.ok()) return fail("run", s);
    if (const int code = write_outputs(o, session)) return code;
  }
  return o.bench > 0 ? bench(o.bench, session) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(kHelp, stdout), 0;
  if (!parse(argc, argv, options)) return std::fputs(kHelp, stderr), 2;
  return run(options);
}
