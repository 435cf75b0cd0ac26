#include "delegate/delegate.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>

#include "formats/onnx/tensor_proto.h"

namespace verge {
namespace {

using Words = std::array<char, 1024>;

std::vector<std::string> candidates(const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const std::string file = "verge-delegate-" + name + ".so";
  return {(folder / file).string(), (folder / "../lib/verge" / file).string(), file};
}

Result<void*> load(const std::string& name) {
  std::string tried;
  for (const std::string& path : candidates(name)) {
    if (void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    tried += "\n  " + std::string(::dlerror());
  }
  return not_found("delegate '" + name + "' is not there; a delegate is a shared library that exports " VERGE_DELEGATE_SYMBOL " (docs/placement.md). Tried:" + tried);
}

struct Sink {
  std::vector<Tensor> outputs;
  std::string problem;
};

void take(void* context, size_t index, const VergeDelegateTensor* t) {
  Sink& sink = *static_cast<Sink*>(context);
  const DataType dtype = formats::onnx::dtype_from_onnx(t->type);
  const auto shape = formats::onnx::shape_from_dims({t->dims, t->dims + t->rank});
  const bool fits = index < 4096 && dtype != DataType::kNone && shape.ok() && dtype_bytes(dtype, static_cast<size_t>(shape->count())) == t->bytes;
  if (!fits) {
    sink.problem = "output " + std::to_string(index) + " is " + formats::onnx::onnx_type_name(t->type) + " in " + std::to_string(t->bytes) + " bytes, which no tensor here can be";
    return;
  }
  Tensor tensor(dtype, *shape);
  if (t->bytes) std::memcpy(tensor.data(), t->data, t->bytes);
  if (sink.outputs.size() <= index) sink.outputs.resize(index + 1);
  sink.outputs[index] = std::move(tensor);
}

}  // namespace

Result<std::shared_ptr<const Delegate>> Delegate::open(const std::string& spec) {
  const size_t at = spec.find('=');
  const std::string name = spec.substr(0, at), engine = at == std::string::npos ? "" : spec.substr(at + 1);
  if (name.empty()) return invalid("a delegate needs a name, as in --prefer onnxruntime");
  VERGE_TRY(void* const library, load(name));
  const auto open = reinterpret_cast<VergeDelegateOpen>(::dlsym(library, VERGE_DELEGATE_SYMBOL));
  if (!open) return invalid("'" + name + "' is no delegate: it exports no " VERGE_DELEGATE_SYMBOL);
  Words words{};
  const VergeDelegate* table = open(VERGE_DELEGATE_ABI, engine.empty() ? nullptr : engine.c_str(), words.data(), words.size());
  if (!table) return not_found("delegate '" + name + "': " + words.data());
  if (table->abi != VERGE_DELEGATE_ABI)
    return unsupported("delegate '" + name + "' speaks version " + std::to_string(table->abi) + " of the interface, this build " + std::to_string(VERGE_DELEGATE_ABI));
  return std::shared_ptr<const Delegate>(new Delegate(table));
}

Result<std::unique_ptr<DelegateModel>> Delegate::compile(ByteSpan onnx, int threads) const {
  Words words{};
  void* model = table_->compile(onnx.data(), onnx.size(), threads, words.data(), words.size());
  if (!model) return unsupported(name() + " cannot run it: " + words.data());
  return std::make_unique<DelegateModel>(*table_, model);
}

Result<std::vector<Tensor>> DelegateModel::run(std::span<const Tensor> inputs) {
  std::vector<std::vector<int64_t>> dims;
  for (const Tensor& t : inputs) dims.emplace_back(t.shape().dim, t.shape().dim + t.shape().rank);
  std::vector<VergeDelegateTensor> in;
  for (size_t i = 0; i < inputs.size(); ++i)
    in.push_back({formats::onnx::dtype_to_onnx(inputs[i].dtype()), inputs[i].shape().rank, dims[i].data(), inputs[i].bytes().data(), inputs[i].bytes().size()});
  Sink sink;
  Words words{};
  if (table_.run(model_, in.data(), in.size(), take, &sink, words.data(), words.size()) != 0) return internal(std::string(table_.name) + ": " + words.data());
  if (!sink.problem.empty()) return internal(std::string(table_.name) + ": " + sink.problem);
  return std::move(sink.outputs);
}

}  // namespace verge
