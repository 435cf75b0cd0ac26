// Published files: each is imported, or refused with words; what the file stores of its tensors judges our shape inference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "formats/tflite/file.h"
#include "formats/tflite/tensors.h"
#include "formats/tflite/tflite.h"
#include "ops/op.h"
#include "os/file.h"
#include "testing/shared.h"

namespace verge::formats::tflite {
namespace {

constexpr const char* kPublished = "models/tflite/models";

// As the file stores it, without the sizes that depend on the input's.
TensorType stored_type(const schema::Tensor& tensor) {
  TensorType type = tensor_type(tensor);
  const std::vector<int64_t> sizes = list_of(tensor.shape_signature());
  for (size_t i = 0; i < std::min(sizes.size(), type.dims.size()); ++i)
    if (sizes[i] == -1) type.dims[i] = Dim();
  return type;
}

bool agree(const TensorType& inferred, const TensorType& stored) {
  if (inferred.dtype != stored.dtype || !(inferred.quant == stored.quant) || inferred.dims.size() != stored.dims.size()) return false;
  for (size_t i = 0; i < stored.dims.size(); ++i)
    if (stored.dims[i].known() && !(inferred.dims[i] == stored.dims[i])) return false;
  return true;
}

// Tensors of the main sub-graph by name, those whose name is not alone left out.
std::map<std::string, TensorType> stored_types(const File& file) {
  std::map<std::string, TensorType> types;
  std::map<std::string, int> times;
  for (const schema::Tensor* tensor : *file.subgraph(0).tensors()) {
    types[name_of(*tensor)] = stored_type(*tensor);
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
      if (it == stored.end() || !it->second.ranked || it->second.dtype == DataType::kNone) continue;  // complex numbers: pairs here
      EXPECT_TRUE(agree(graph.type(v), it->second)) << name << ": '" << it->first << "' is " << graph.type(v).text() << ", stored as " << it->second.text();
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

TEST(TfliteCorpus, FilesOfTheMicrocontrollerYardstickAreImported) {
  VERGE_NEED_SHARED("yardsticks/mcu/models");
  for (const char* name : {"ad", "ic", "kws", "sww", "vww"}) {
    const auto bytes = MappedFile::open(testing::shared_path("yardsticks/mcu/models/") + name + ".tflite");
    ASSERT_TRUE(bytes.ok());
    const auto graph = import(bytes->bytes(), {});
    ASSERT_TRUE(graph.ok()) << name << ": " << graph.error().message();
    EXPECT_GT(compare_types(*graph, *File::open(bytes->bytes()), name), 3u);
  }
}

// The cases of one golden file through the reference of every operator.
std::vector<uint8_t> outputs_of(const Graph& graph, const Bytes& cases) {
  const TensorType type = graph.type(graph.inputs()[0]);
  const size_t bytes = dtype_bytes(type.dtype, static_cast<size_t>(type.shape().count()));
  std::vector<uint8_t> all;
  for (size_t i = 0; i < cases.size() / bytes; ++i) {
    const auto first = cases.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    const std::vector<Tensor> in{Tensor(type.dtype, type.shape(), Bytes(first, first + static_cast<std::ptrdiff_t>(bytes)))};
    const auto out = ops::interpret(graph, in);
    if (!out.ok()) throw std::runtime_error(out.error().message());
    all.insert(all.end(), (*out)[0].bytes().begin(), (*out)[0].bytes().end());
  }
  return all;
}

TEST(TfliteCorpus, TheReferenceOfAnImportedFileEqualsTflmToTheBit) {
  VERGE_NEED_SHARED("yardsticks/mcu/golden");
  for (const char* name : {"ad", "ic", "kws", "sww", "vww"}) {
    const std::string mcu = testing::shared_path("yardsticks/mcu/");
    const auto bytes = read_file(mcu + "models/" + name + ".tflite"), cases = read_file(mcu + "golden/" + name + ".cases.bin");
    const auto golden = read_file(mcu + "golden/" + name + ".tflm.bin");
    const auto graph = import(*bytes, {});
    ASSERT_TRUE(graph.ok()) << name << ": " << graph.error().message();
    EXPECT_EQ(outputs_of(*graph, *cases), *golden) << name;
  }
}

TEST(TfliteCorpus, LabelsBehindTheTablesAreRead) {
  const std::string path = std::string(kPublished) + "/fcf9ba3ace59_automl_labeler_model.tflite";
  VERGE_NEED_SHARED(path);
  const auto bytes = MappedFile::open(testing::shared_path(path));
  ASSERT_TRUE(bytes.ok());
  auto graph = import(bytes->bytes(), {});
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->metadata["verge.labels"], R"(["daisy","dandelion","roses","sunflowers","tulips"])");
}

struct PublishedPicture {
  const char *file, *pipeline;
};

TEST(TfliteCorpus, PicturesEnterAsBytesOrAsTheMetadataSay) {
  const PublishedPicture kFiles[] = {
      {"61d598093ed0_coco_ssd_mobilenet_v1_1.0_quant_2018_06_29", R"({"source":"image","mean":128.0,"std":128.0,"layout":"NHWC","detections":{"form":"detected"}})"},
      {"e480eb15572f_mobilenet_v1_0.25_224_quant", R"({"source":"image","mean":128.0,"std":128.0,"layout":"NHWC"})"},
      {"0e504dcf1ca7_mobilenet_v2_035_96_embedder_with_metadata", R"({"source":"image","mean":127.5,"std":127.5,"layout":"NHWC"})"},
      {"c66636f4d7f8_model_ToyCar", ""}};
  for (const PublishedPicture& p : kFiles) {
    const std::string path = std::string(kPublished) + "/" + p.file + ".tflite";
    VERGE_NEED_SHARED(path);
    const auto bytes = MappedFile::open(testing::shared_path(path));
    ASSERT_TRUE(bytes.ok());
    auto graph = import(bytes->bytes(), {});
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    EXPECT_EQ(graph->metadata["verge.pipeline"], p.pipeline) << p.file;
  }
}

}  // namespace
}  // namespace verge::formats::tflite
