#include "engine/picture_nodes.h"

#include <utility>

#include "data/picture.h"
#include "pipeline/decode.h"

namespace verge {
namespace {

constexpr int kChannels = 3;

Tensor with_colours_reversed(Tensor picture) {
  uint8_t* const pixels = picture.data();
  for (int64_t i = 0; i < picture.count(); i += kChannels) std::swap(pixels[i], pixels[i + kChannels - 1]);
  return picture;
}

// The input as u8 of that rank.
Result<Tensor> bytes_of(const ops::HostCall& call, int rank, const char* wanted) {
  const ops::HostValue& x = call.input(0);
  if (x.is_tensor() && x.tensor.dtype() == DataType::kU8 && x.tensor.shape().rank == rank) return x.tensor;
  return invalid(std::string("its input is ") + (x.is_tensor() ? TensorType(x.tensor.dtype(), x.tensor.shape()).text() : "no tensor") + ", wants " + wanted);
}

Result<Tensor> decoded(const ops::HostCall& call) {
  VERGE_TRY(const Tensor file, bytes_of(call, 1, "the bytes of a JPEG or PNG file, u8[n]"));
  const std::string order = call.text("color_space", "bgr");
  if (order != "bgr" && order != "rgb") return unsupported("color_space is '" + order + "', known are bgr and rgb");
  VERGE_TRY(Tensor picture, decode_image(file.bytes()));
  return order == "bgr" ? with_colours_reversed(std::move(picture)) : std::move(picture);
}

Result<Tensor> encoded(const ops::HostCall& call) {
  VERGE_TRY(Tensor picture, bytes_of(call, 3, "a picture, u8[height,width,3]"));
  const Shape& shape = picture.shape();
  if (shape[2] != kChannels || picture.count() == 0) return invalid("its input is " + TensorType(picture.dtype(), shape).text() + ", wants u8[height,width,3]");
  const std::string format = call.text("format", ""), order = call.text("color_space", "bgr");
  if (format != "png") return unsupported("it writes '" + format + "'; PNG alone is written here");
  if (order == "bgr") picture = with_colours_reversed(std::move(picture));
  VERGE_TRY(const Bytes file, data::encode_png({shape[1], shape[0], {picture.bytes().begin(), picture.bytes().end()}}));
  return Tensor(DataType::kU8, {static_cast<int32_t>(file.size())}, file);
}

}  // namespace

bool is_picture_node(const formats::HostNode& node) { return node.domain == "com.microsoft.extensions" && (node.op == "DecodeImage" || node.op == "EncodeImage"); }

Result<std::vector<ops::HostValue>> run_picture_node(const ops::HostCall& call) {
  VERGE_TRY(Tensor out, call.op == "DecodeImage" ? decoded(call) : encoded(call));
  return std::vector<ops::HostValue>{std::move(out)};
}

}  // namespace verge
