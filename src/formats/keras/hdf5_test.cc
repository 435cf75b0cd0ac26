#include "formats/keras/hdf5.h"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/format.h"
#include "formats/keras/keras.h"
#include "ops/op.h"
#include "os/file.h"
#include "testing/seeded.h"
#include "testing/shared.h"

namespace verge::formats::keras {
namespace {

constexpr const char* kFile = "models/keras/kws_model.h5";

Bytes model_bytes() { return *read_file(testing::shared_path(kFile)); }

TEST(Hdf5, FindsTextAndArraysByPath) {
  VERGE_NEED_SHARED(kFile);
  const Bytes bytes = model_bytes();
  const auto file = Hdf5::open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(*file->text(file->root(), "backend"), "tensorflow");
  const auto dense = file->find(file->root(), "model_weights/dense");
  ASSERT_TRUE(dense.ok()) << dense.error().message();
  EXPECT_EQ(*file->texts(*dense, "weight_names"), (std::vector<std::string>{"dense/kernel:0", "dense/bias:0"}));
  const auto kernel = file->array(*file->find(*dense, "dense/kernel:0"));
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();
  EXPECT_EQ(kernel->shape(), (Shape{64, 12}));
  EXPECT_EQ(file->find(file->root(), "model_weights/absent").error().code(), Code::kNotFound);
}

// dense (relu) and batch normalisation without scale: the same numbers in each form of the file.
TEST(KerasImport, ReadsEveryFormOfTheFile) {
  for (const char* name : {"small.h5", "small_latest.h5", "small.keras"}) {
    const Bytes bytes = *read_file(testing::project_path(std::string("tests/corpus/keras_fuzz/") + name));
    ImportOptions options;
    options.dims["batch"] = 1;
    const auto graph = import_model(bytes, options, name);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    const auto y = ops::interpret(*graph, std::vector<Tensor>{Tensor::of<float>({1, 3}, {1, 1, 1})});
    ASSERT_TRUE(y.ok()) << y.error().message();
    EXPECT_NEAR((*y)[0].at(0), 18.5, 1e-5) << name;
    EXPECT_NEAR((*y)[0].at(1), 20 - std::sqrt(2.0), 1e-5) << name;
  }
}

TEST(KerasImport, EveryCutAndFlipOfASmallFileIsRefusedOrRead) {
  for (const char* name : {"small.h5", "small_latest.h5", "small.keras"}) {
    const Bytes bytes = *read_file(testing::project_path(std::string("tests/corpus/keras_fuzz/") + name));
    for (size_t size = 0; size < bytes.size(); size += 7) (void)import_model(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)), {}, name);
    for (size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
      Bytes damaged = bytes;
      damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      (void)import_model(damaged, {}, name);
    }
  }
}

TEST(Hdf5, OtherFilesAreRefused) {
  EXPECT_FALSE(Hdf5::open(Bytes{}).ok());
  EXPECT_FALSE(Hdf5::open(Bytes(200, 0x89)).ok());
}

TEST(KerasImport, EveryCutAndManyFlipsAreRefusedOrRead) {
  VERGE_NEED_SHARED(kFile);
  const Bytes bytes = model_bytes();
  for (size_t size = 0; size < bytes.size(); size += size < 4000 ? 61 : 9973) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(import_h5(cut, {}).ok()) << size;
  }
  testing::Random random(5);
  for (int i = 0; i < 300; ++i) {
    Bytes damaged = bytes;
    damaged[random.next() % (i % 2 ? 4096 : damaged.size())] ^= static_cast<uint8_t>(1 << random.next() % 8);
    (void)import_h5(damaged, {});
  }
}

}  // namespace
}  // namespace verge::formats::keras
