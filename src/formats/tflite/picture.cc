#include "formats/tflite/picture.h"

#include <cmath>
#include <cstring>
#include <optional>

#include "core/json.h"
#include "metadata_generated.h"

namespace verge::formats::tflite {
namespace {

constexpr size_t kLeastTable = 8;   // an offset and the identifier
constexpr int64_t kLeastSide = 16;  // below, a last dimension of 1 or 3 says nothing of pictures

bool takes_pictures(const TensorType& type) {
  if (!type.ranked || !type.is_static() || type.rank() != 4 || type.dims[0].size != 1) return false;
  const int64_t channels = type.dims[3].size;
  return (channels == 1 || channels == 3) && type.dims[1].size >= kLeastSide && type.dims[2].size >= kLeastSide;
}

struct Normalization {
  std::vector<double> mean, std;
};

// Bytes as they are: the real value of byte p + shift is (p + shift - zero point) * scale.
std::optional<Normalization> of_bytes(const TensorType& type) {
  const bool is_signed = type.dtype == DataType::kI8;
  if ((!is_signed && type.dtype != DataType::kU8) || type.quant.scale.size() != 1 || !(type.quant.scale[0] > 0)) return std::nullopt;
  return Normalization{{static_cast<double>(type.quant.zero_point[0] + (is_signed ? 128 : 0))}, {1.0 / double{type.quant.scale[0]}}};
}

bool are_usable(const flatbuffers::Vector<float>* values, bool divide) {
  if (!values || (values->size() != 1 && values->size() != 3)) return false;
  for (const float v : *values)
    if (!std::isfinite(v) || (divide && v == 0)) return false;
  return true;
}

std::optional<Normalization> normalization_of(const metadata::TensorMetadata& tensor) {
  for (uint32_t i = 0; i < size_of(tensor.process_units()); ++i) {
    const auto* unit = tensor.process_units()->Get(i);
    const auto* options = unit ? unit->options_as_NormalizationOptions() : nullptr;
    if (!options || !are_usable(options->mean(), false) || !are_usable(options->std(), true)) continue;
    return Normalization{{options->mean()->begin(), options->mean()->end()}, {options->std()->begin(), options->std()->end()}};
  }
  return std::nullopt;
}

// What the metadata say of the first input; nothing where they are absent, damaged or of something else than pictures.
std::optional<Normalization> declared(ByteSpan bytes) {
  if (bytes.size() < kLeastTable) return std::nullopt;
  std::vector<std::max_align_t> aligned(bytes.size() / sizeof(std::max_align_t) + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* start = reinterpret_cast<const uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(start, bytes.size());
  if (!metadata::VerifyModelMetadataBuffer(verifier)) return std::nullopt;
  const metadata::ModelMetadata& model = *metadata::GetModelMetadata(start);
  if (size_of(model.subgraph_metadata()) == 0 || !model.subgraph_metadata()->Get(0)) return std::nullopt;
  const auto* inputs = model.subgraph_metadata()->Get(0)->input_tensor_metadata();
  const auto* input = size_of(inputs) == 1 ? inputs->Get(0) : nullptr;
  if (!input || !input->content() || !input->content()->content_properties_as_ImageProperties()) return std::nullopt;
  return normalization_of(*input);
}

std::optional<Normalization> declared(const File& file) {
  const auto* entries = file.model().metadata();
  for (uint32_t i = 0; i < size_of(entries); ++i) {
    const schema::Metadata* entry = entries->Get(i);
    if (!entry || !entry->name() || entry->name()->string_view() != "TFLITE_METADATA" || entry->buffer() >= size_of(file.model().buffers())) continue;
    return declared(file.buffer(entry->buffer()));
  }
  return std::nullopt;
}

bool gives_boxes(const Graph& graph) {
  if (graph.outputs().size() < 4) return false;
  const Node* last = graph.producer(graph.outputs()[0]);
  if (!last || last->op != "detections" || last->outputs.size() != 4) return false;
  for (size_t i = 0; i < 4; ++i)
    if (last->output(i) != graph.outputs()[i]) return false;
  return true;
}

}  // namespace

std::string picture_pipeline(const File& file, const Graph& graph) {
  if (graph.inputs().size() != 1 || !takes_pictures(graph.type(graph.inputs()[0]))) return "";
  const TensorType& type = graph.type(graph.inputs()[0]);
  const auto numbers = type.dtype == DataType::kF32 ? declared(file) : of_bytes(type);
  if (!numbers) return "";
  Json out = {{"source", "image"}, {"mean", numbers->mean}, {"std", numbers->std}, {"layout", "NHWC"}};
  for (const char* key : {"mean", "std"})
    if (out[key].size() == 1) out[key] = out[key][0];
  if (gives_boxes(graph)) out["detections"] = {{"form", "detected"}};
  return out.dump();
}

}  // namespace verge::formats::tflite
