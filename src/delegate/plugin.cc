#include "delegate/plugin.h"

#include <dlfcn.h>

#include <array>

#include "formats/onnx/tensor_proto.h"

namespace verge {
namespace {

using Words = std::array<char, 1024>;

std::string full_name(const std::string& domain, const std::string& op) { return (domain == "ai.onnx" ? "" : domain) + ":" + op; }

Result<const VergePlugin*> load_one(const std::string& path) {
  void* library = ::dlopen(path.find('/') == std::string::npos ? ("./" + path).c_str() : path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return not_found("plug-in: " + std::string(::dlerror()));
  const auto open = reinterpret_cast<VergePluginOpen>(::dlsym(library, VERGE_PLUGIN_SYMBOL));
  if (!open) return invalid("'" + path + "' is no plug-in: it exports no " VERGE_PLUGIN_SYMBOL);
  const VergePlugin* table = open(VERGE_PLUGIN_ABI);
  if (!table || table->abi != VERGE_PLUGIN_ABI) return unsupported("plug-in '" + path + "' does not speak version " + std::to_string(VERGE_PLUGIN_ABI) + " of the interface");
  for (size_t i = 0; i < table->count; ++i)
    if (!table->ops[i].infer || !table->ops[i].run || !table->ops[i].op) return invalid("plug-in '" + path + "': operator " + std::to_string(i) + " lacks infer, run or its name");
  return table;
}

// A call as the plug-in sees it; owns what the C structures point to.
class Frame {
 public:
  explicit Frame(const CustomCall& call) : inputs_(call.inputs.size()), outputs_(call.outputs) {
    for (const auto& [name, value] : call.attrs) add(name, value);
    for (size_t i = 0; i < inputs_.size(); ++i) describe(call.inputs[i], inputs_[i]);
    node_ = {call.name.c_str(), attrs_.data(), attrs_.size(), inputs_.data(), inputs_.size(), outputs_.data(), outputs_.size()};
  }
  Frame(const Frame&) = delete;
  VergePluginNode& node() { return node_; }

  // Memory for the outputs that infer described.
  Result<std::vector<Tensor>> allocate() {
    std::vector<Tensor> out;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      VergePluginTensor& t = outputs_[i];
      const DataType dtype = formats::onnx::dtype_from_onnx(t.type);
      if (t.rank < 0 || t.rank > 8 || dtype == DataType::kNone) return internal("infer gave output " + std::to_string(i) + " type " + std::to_string(t.type) + " and rank " + std::to_string(t.rank));
      VERGE_TRY(const Shape shape, formats::onnx::shape_from_dims({t.dims, t.dims + t.rank}), "infer, output " + std::to_string(i));
      if (formats::onnx::saturated_count(shape) > kMostElements) return internal("infer gave output " + std::to_string(i) + " an absurd size");
      out.emplace_back(dtype, shape);
      t.data = out.back().data();
      t.bytes = out.back().bytes().size();
    }
    return out;
  }

 private:
  static constexpr int64_t kMostElements = int64_t{1} << 34;

  static void describe(const Tensor& tensor, VergePluginTensor& out) {
    out = {};
    if (tensor.dtype() == DataType::kNone) return;
    out.type = formats::onnx::dtype_to_onnx(tensor.dtype());
    out.rank = tensor.shape().rank;
    for (int i = 0; i < out.rank; ++i) out.dims[i] = tensor.shape()[i];
    out.data = const_cast<uint8_t*>(tensor.bytes().data());
    out.bytes = tensor.bytes().size();
  }

  void add(const std::string& name, const Attr& value) {
    VergePluginAttr a = {};
    a.name = name.c_str();
    if (const auto* i = std::get_if<int64_t>(&value)) a.kind = VERGE_PLUGIN_INT, a.integer = *i;
    else if (const auto* f = std::get_if<double>(&value)) a.kind = VERGE_PLUGIN_REAL, a.real = *f;
    else if (const auto* s = std::get_if<std::string>(&value)) a.kind = VERGE_PLUGIN_TEXT, a.text = s->c_str();
    else if (const auto* is = std::get_if<std::vector<int64_t>>(&value)) a.kind = VERGE_PLUGIN_INTS, a.integers = is->data(), a.count = is->size();
    else if (const auto* fs = std::get_if<std::vector<double>>(&value)) a.kind = VERGE_PLUGIN_REALS, a.reals = fs->data(), a.count = fs->size();
    else return;
    attrs_.push_back(a);
  }

  std::vector<VergePluginAttr> attrs_;
  std::vector<VergePluginTensor> inputs_, outputs_;
  VergePluginNode node_{};
};

Error said(const char* what, const Words& words) { return internal(std::string("the plug-in's ") + what + ": " + (words[0] ? words.data() : "it gave no reason")); }

}  // namespace

Result<std::shared_ptr<const Plugins>> Plugins::load(const std::vector<std::string>& paths) {
  auto out = std::make_shared<Plugins>();
  for (const std::string& path : paths) {
    VERGE_TRY(const VergePlugin* table, load_one(path));
    const std::set<std::string> before = out->names();
    for (size_t i = 0; i < table->count; ++i)
      if (const std::string name = full_name(table->ops[i].domain, table->ops[i].op); before.count(name)) return invalid("plug-in '" + path + "' brings '" + name + "', and so does another one");
    out->tables_.push_back(table);
  }
  return std::shared_ptr<const Plugins>(std::move(out));
}

std::set<std::string> Plugins::names() const {
  std::set<std::string> out;
  for (const VergePlugin* t : tables_)
    for (size_t i = 0; i < t->count; ++i) out.insert(full_name(t->ops[i].domain, t->ops[i].op));
  return out;
}

Plugins::Found Plugins::find(const std::string& domain, const std::string& op) const {
  for (const VergePlugin* t : tables_)
    for (size_t i = 0; i < t->count; ++i)
      if (full_name(t->ops[i].domain, t->ops[i].op) == full_name(domain, op)) return {&t->ops[i], t->name};
  return {nullptr, ""};
}

Result<std::vector<Tensor>> run_custom(const VergePluginOp& op, const CustomCall& call, bool reference) {
  Frame frame(call);
  Words words{};
  if (op.infer(&frame.node(), words.data(), words.size()) != 0) return said("infer", words);
  VERGE_TRY(std::vector<Tensor> out, frame.allocate());
  const auto body = reference ? op.reference : op.run;
  if (body(&frame.node(), words.data(), words.size()) != 0) return said(reference ? "reference" : "run", words);
  return out;
}

VergePluginCost cost_of_custom(const VergePluginOp& op, const CustomCall& call) {
  VergePluginCost cost = {};
  Frame frame(call);
  Words words{};
  if (op.cost && op.infer(&frame.node(), words.data(), words.size()) == 0) op.cost(&frame.node(), &cost);
  return cost;
}

}  // namespace verge
