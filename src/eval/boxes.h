// Pictures with boxes around what they show, as detectors learn from and are judged by: a folder, or a tar(.gz) or zip.
//
//   YOLO    NAME.txt beside each picture, or in a folder `labels` where the pictures lie in `images`: a line "class x y width height" an object, of its middle, parts of
//           the picture; a picture without is empty. `classes.txt`, `labels.txt` or `obj.names` has a name a line.
//   COCO    a .json with "images", "annotations" ("bbox": left, top, width, height in pixels) and "categories"; crowds are left out
#pragma once
#include <string>
#include <vector>

#include "eval/files.h"

namespace verge {

// Parts of the picture, 0..1.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0;
  int label = 0;
};

struct BoxedPicture {
  std::string name;
  Bytes bytes;  // as in the file
  std::vector<Box> boxes;
};
struct BoxedPictures {
  std::vector<BoxedPicture> pictures;
  std::vector<std::string> classes;
};

// kInvalidArgument names the file and line that cannot be a box, and data without any; `options.class_names` name the classes where the data do not.
Result<BoxedPictures> read_boxed_pictures(const DataOptions& options);

}  // namespace verge
