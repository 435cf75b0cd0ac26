#include "pipeline/decode.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

namespace verge {
namespace {

bool is_jpeg(ByteSpan b) { return b.size() >= 3 && b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff; }
bool is_png(ByteSpan b) { return b.size() >= 8 && png_sig_cmp(b.data(), 0, 8) == 0; }

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX];
};

void jpeg_fail(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  errors->base.format_message(info, errors->message);
  std::longjmp(errors->leave, 1);
}

void jpeg_note(j_common_ptr info, int level) {
  // Damaged data, where libjpeg would go on with grey; other warnings (stray bytes between markers) are harmless.
  const bool damage = info->err->msg_code == JWRN_JPEG_EOF || info->err->msg_code == JWRN_HIT_MARKER || info->err->msg_code == JWRN_HUFF_BAD_CODE;
  if (level < 0 && damage) ++info->err->num_warnings;
}

// libjpeg leaves through longjmp: nothing here may own memory between setjmp and the end.
const char* decode_jpeg_into(jpeg_decompress_struct& info, JpegErrors& errors, ByteSpan bytes, Tensor& out) {
  if (setjmp(errors.leave)) return errors.message;
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  if (static_cast<int64_t>(info.image_width) * info.image_height > kMostPixels) return "more than 100 million pixels";
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  out = Tensor(DataType::kU8, {static_cast<int32_t>(info.output_height), static_cast<int32_t>(info.output_width), 3});
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out.data() + static_cast<size_t>(info.output_scanline) * info.output_width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  if (errors.base.num_warnings > 0) return "its data is damaged or cut short";
  jpeg_finish_decompress(&info);
  return nullptr;
}

Result<Tensor> decode_jpeg(ByteSpan bytes) {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = jpeg_fail;
  errors.base.emit_message = jpeg_note;
  Tensor out;
  jpeg_create_decompress(&info);
  const char* failure = decode_jpeg_into(info, errors, bytes, out);
  const std::string words = failure ? failure : "";
  jpeg_destroy_decompress(&info);
  if (failure) return corrupt("not a readable JPEG: " + words);
  return out;
}

Result<Tensor> decode_png(ByteSpan bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) return corrupt(std::string("not a readable PNG: ") + image.message);
  if (static_cast<int64_t>(image.width) * image.height > kMostPixels) {
    png_image_free(&image);
    return corrupt("not a readable PNG: more than 100 million pixels");
  }
  image.format = PNG_FORMAT_RGB;
  Tensor out(DataType::kU8, {static_cast<int32_t>(image.height), static_cast<int32_t>(image.width), 3});
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&image, &black, out.data(), 0, nullptr)) return corrupt(std::string("not a readable PNG: ") + image.message);
  return out;
}

}  // namespace

bool looks_like_image(ByteSpan bytes) { return is_jpeg(bytes) || is_png(bytes); }

Result<Tensor> decode_image(ByteSpan bytes) {
  if (is_jpeg(bytes)) return decode_jpeg(bytes);
  if (is_png(bytes)) return decode_png(bytes);
  return corrupt("neither a JPEG nor a PNG");
}

}  // namespace verge
