#include "eval/boxes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/json.h"
#include "core/text.h"
#include "eval/read_files.h"
#include "pipeline/decode.h"

namespace verge {
namespace {

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string stem(const std::string& path) { return path.substr(0, path.rfind('.')); }
bool ends_with_any(const std::string& name, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](const char* end) { return ends_with(lower_case(name), end); });
}
bool is_picture(const std::string& name) { return ends_with_any(name, {".jpg", ".jpeg", ".png"}); }
bool is_class_list(const std::string& name) {
  const std::string base = base_name(name);
  return base == "classes.txt" || base == "labels.txt" || base == "obj.names";
}

std::vector<std::string> lines_of(const Bytes& bytes) {
  std::vector<std::string> out;
  for (std::string& line : split(std::string(bytes.begin(), bytes.end()), '\n')) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

// Cut off at the picture's edges; false where nothing is left.
bool cut_off(Box& b) {
  b = {std::clamp(b.left, 0.0F, 1.0F), std::clamp(b.top, 0.0F, 1.0F), std::clamp(b.right, 0.0F, 1.0F), std::clamp(b.bottom, 0.0F, 1.0F), b.label};
  return b.right > b.left && b.bottom > b.top;
}

Result<std::vector<Box>> read_yolo(const RawFile& file) {
  std::vector<Box> out;
  for (const std::string& line : lines_of(file.bytes)) {
    int label = -1, used = 0;
    float x = 0, y = 0, w = 0, h = 0;
    const int read = std::sscanf(line.c_str(), "%d %f %f %f %f%n", &label, &x, &y, &w, &h, &used);
    if (read != 5 || static_cast<size_t>(used) != line.size() || label < 0 || !(w > 0 && h > 0 && w <= 1 && h <= 1 && std::fabs(x) <= 2 && std::fabs(y) <= 2))
      return invalid("'" + file.name + "': '" + line + "' is no \"class x y width height\", of the middle, parts of the picture from 0 to 1");
    Box box{x - w / 2, y - h / 2, x + w / 2, y + h / 2, label};
    if (cut_off(box)) out.push_back(box);
  }
  return out;
}

// images/NAME.png -> images/NAME, labels/NAME
std::array<std::string, 2> places_of_labels(const std::string& picture) {
  const std::string beside = stem(picture);
  const size_t at = ("/" + beside).rfind("/images/");
  return {beside, at == std::string::npos ? beside : beside.substr(0, at) + "labels/" + beside.substr(at + 7)};
}

Result<void> take_yolo(const std::vector<RawFile>& texts, BoxedPictures& out) {
  std::map<std::string, const RawFile*> by_stem;
  for (const RawFile& f : texts) {
    if (is_class_list(f.name)) out.classes = lines_of(f.bytes);
    else by_stem[stem(f.name)] = &f;
  }
  for (BoxedPicture& p : out.pictures)
    for (const std::string& place : places_of_labels(p.name))
      if (const auto found = by_stem.find(place); found != by_stem.end()) {
        VERGE_TRY(p.boxes, read_yolo(*found->second));
        break;
      }
  return done();
}

struct CocoPicture {
  BoxedPicture* picture = nullptr;
  float width = 0, height = 0;
};

Result<CocoPicture> coco_picture(const Json& image, const std::map<std::string, BoxedPicture*>& by_name) {
  const std::string name = image.value("file_name", "");
  auto found = by_name.find(name);
  if (found == by_name.end()) found = by_name.find(base_name(name));
  CocoPicture out{found == by_name.end() ? nullptr : found->second, image.value("width", 0.0F), image.value("height", 0.0F)};
  if (!out.picture || (out.width > 0 && out.height > 0)) return out;
  VERGE_TRY(const Tensor picture, decode_image(out.picture->bytes), "'" + name + "'");
  out.height = static_cast<float>(picture.shape()[0]), out.width = static_cast<float>(picture.shape()[1]);
  return out;
}

Result<void> take_coco(const Json& json, BoxedPictures& out) {
  std::map<std::string, BoxedPicture*> by_name;
  for (BoxedPicture& p : out.pictures) by_name[p.name] = by_name[base_name(p.name)] = &p;
  std::map<int64_t, int> label_of;
  for (const Json& c : json.value("categories", Json::array())) {
    label_of[c.value("id", int64_t{-1})] = static_cast<int>(out.classes.size());
    out.classes.push_back(c.value("name", "class " + std::to_string(out.classes.size())));
  }
  std::map<int64_t, CocoPicture> pictures;
  for (const Json& image : json["images"]) {
    VERGE_TRY(pictures[image.value("id", int64_t{-1})], coco_picture(image, by_name));
  }
  for (const Json& a : json["annotations"]) {
    const auto picture = pictures.find(a.value("image_id", int64_t{-1}));
    if (picture == pictures.end() || !picture->second.picture || a.value("iscrowd", 0) != 0) continue;
    const auto label = label_of.find(a.value("category_id", int64_t{-1}));
    const Json& b = a.contains("bbox") ? a["bbox"] : Json();
    if (label == label_of.end() || !b.is_array() || b.size() != 4 || !std::all_of(b.begin(), b.end(), [](const Json& n) { return n.is_number(); }))
      return invalid("annotation " + a.dump() + " wants \"category_id\" of one of \"categories\" and \"bbox\" of four numbers");
    const float w = picture->second.width, h = picture->second.height, left = b[0].get<float>() / w, top = b[1].get<float>() / h;
    Box box{left, top, left + b[2].get<float>() / w, top + b[3].get<float>() / h, label->second};
    if (cut_off(box)) picture->second.picture->boxes.push_back(box);
  }
  return done();
}

bool is_coco(const Json& json) {
  return json.is_object() && json.contains("images") && json["images"].is_array() && json.contains("annotations") && json["annotations"].is_array();
}

}  // namespace

Result<BoxedPictures> read_boxed_pictures(const DataOptions& options) {
  VERGE_TRY(std::vector<RawFile> files, read_files(options.path, [](const std::string& name) { return is_picture(name) || ends_with_any(name, {".txt", ".json", "obj.names"}); }));
  const auto others = std::stable_partition(files.begin(), files.end(), [](const RawFile& f) { return is_picture(f.name); });
  BoxedPictures out;
  for (auto f = files.begin(); f != others; ++f) out.pictures.push_back({std::move(f->name), std::move(f->bytes), {}});
  const std::string where = "'" + options.path + "'";
  if (out.pictures.empty()) return invalid(where + " holds no picture; wanted: .jpg or .png with their boxes as YOLO or COCO write them");
  std::vector<RawFile> texts;
  bool coco = false;
  for (auto f = others; f != files.end(); ++f) {
    if (!ends_with(lower_case(f->name), ".json")) {
      texts.push_back(std::move(*f));
      continue;
    }
    const Json json = Json::parse(f->bytes.begin(), f->bytes.end(), nullptr, false);
    if (!is_coco(json)) continue;
    if (coco) return invalid(where + ": more than one file has COCO's annotations; name a folder with one");
    try {
      VERGE_CHECK(take_coco(json, out), where + ", '" + f->name + "'");
    } catch (const Json::exception& e) {
      return invalid(where + ", '" + f->name + "': " + e.what());
    }
    coco = true;
  }
  if (!coco) VERGE_CHECK(take_yolo(texts, out), where);
  int most = -1;
  for (const BoxedPicture& p : out.pictures)
    for (const Box& b : p.boxes) most = std::max(most, b.label);
  if (most < 0) return invalid(where + " holds no boxes; wanted: NAME.txt beside each picture or in labels/ (a line \"class x y width height\" an object), or a .json as COCO has it");
  if (out.classes.empty()) out.classes = options.class_names;
  for (int i = static_cast<int>(out.classes.size()); i <= most; ++i) out.classes.push_back("class " + std::to_string(i));
  keep_spread(out.pictures, options.limit);
  return out;
}

}  // namespace verge
