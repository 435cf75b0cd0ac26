// Published files: each is imported, or refused with words; what the file stores of its tensors judges our shape inference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "formats/tflite/file.h"
#include "formats/tflite/tensors.h"
#include "formats/tflite/tflite.h"
#include "os/file.h"
#include "testing/shared.h"

namespace verge::formats::tflite {
namespace {

constexpr const char* kPublished = "models/tflite/models";

// Tensors of the main sub-graph by name, those whose name is not alone left out.
std::map<std::string, TensorType> stored_types(const File& file) {
  std::map<std::string, TensorType> types;
  std::map<std::string, int> times;
  for (const schema::Tensor* tensor : *file.subgraph(0).tensors()) {
    types[name_of(*tensor)] = tensor_type(*tensor);
    ++times[name_of(*tensor)];
  }
  std::erase_if(types, [&](const auto& entry) { return times[entry.first] > 1; });
  return types;
}

// What inference says of the values that a node makes, against what the file stores. Returns how many were compared.
size_t compare_types(const Graph& graph, const File& file, const std::string& name) {
  const std::map<std::string, TensorType> stored = stored_types(file);
  size_t compared = 0;
  for (NodeId id : graph.order())
    for (ValueId v : graph.node(id).outputs) {
      const auto it = stored.find(graph.value(v).name);
      if (it == stored.end() || !it->second.is_static()) continue;
      EXPECT_EQ(graph.type(v).text(), it->second.text()) << name << ": " << it->first;
      EXPECT_TRUE(graph.type(v).quant == it->second.quant) << name << ": quantisation of " << it->first;
      ++compared;
    }
  return compared;
}

TEST(TfliteCorpus, EveryPublishedFileIsImportedOrRefusedWithWords) {
  VERGE_NEED_SHARED(kPublished);
  const auto names = list_files(testing::shared_path(kPublished));
  ASSERT_TRUE(names.ok());
  std::vector<std::string> refused;
  size_t compared = 0;
  for (const std::string& name : *names) {
    const auto bytes = MappedFile::open(testing::shared_path(kPublished) + "/" + name);
    ASSERT_TRUE(bytes.ok());
    const auto graph = import(bytes->bytes(), {});
    const auto file = File::open(bytes->bytes());
    if (graph.ok()) {
      compared += compare_types(*graph, *file, name);
      continue;
    }
    refused.push_back(name.substr(13));
    EXPECT_EQ(graph.error().code(), Code::kUnsupported) << name << ": " << graph.error().message();
    std::cout << name << ": " << graph.error().message() << "\n";
  }
  std::cout << names->size() - refused.size() << " of " << names->size() << " files imported, " << compared << " types compared\n";
}

}  // namespace
}  // namespace verge::formats::tflite
