// Where tests find files: those of the checkout, and the shared material (models and data that are too large or not ours to commit).
//
// The shared folder is $VERGE_SHARED, or ../shared beside the checkout. A test that needs it says so in its first line:
//
//   TEST(OnnxImport, ReadsTheFaceDetector) {
//     VERGE_NEED_SHARED("models/onnx/version-RFB-320.onnx");
//     ... shared_path("models/onnx/version-RFB-320.onnx") ...
//
// Without the file the test skips and says what is absent; with VERGE_REQUIRE_SHARED=1, as in continuous integration, it fails instead.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace verge::testing {

inline std::string project_path(std::string_view relative) { return std::string(VERGE_PROJECT_ROOT) + "/" + std::string(relative); }

inline std::string shared_path(std::string_view relative) {
  const char* folder = std::getenv("VERGE_SHARED");
  return (folder && *folder ? std::string(folder) : project_path("../shared")) + "/" + std::string(relative);
}

inline bool shared_is_required() {
  const char* value = std::getenv("VERGE_REQUIRE_SHARED");
  return value && std::string_view(value) == "1";
}

}  // namespace verge::testing

#define VERGE_NEED_SHARED(relative)                                                                                                \
  do {                                                                                                                             \
    const std::string verge_needed_ = ::verge::testing::shared_path(relative);                                                     \
    if (!std::filesystem::exists(verge_needed_)) {                                                                                 \
      if (::verge::testing::shared_is_required()) FAIL() << verge_needed_ << " is absent and VERGE_REQUIRE_SHARED=1";              \
      GTEST_SKIP() << "skipped: " << verge_needed_ << " is absent; set VERGE_SHARED to the folder that holds the shared material"; \
    }                                                                                                                              \
  } while (0)
