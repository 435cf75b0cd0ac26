#include "formats/onnx/tensor_pb.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/onnx/tensor_proto.h"
#include "os/file.h"

namespace verge::formats::onnx {
namespace {

pb::TensorProto proto(DataType dtype, const std::vector<int64_t>& dims) {
  pb::TensorProto p;
  p.set_name("w");
  p.set_data_type(dtype_to_onnx(dtype));
  for (int64_t d : dims) p.add_dims(d);
  return p;
}

template <typename T> std::vector<T> values(const Result<Tensor>& tensor) {
  EXPECT_TRUE(tensor.ok()) << tensor.error().message();
  return {tensor->values<T>().begin(), tensor->values<T>().end()};
}

TEST(TensorPb, EveryTypeComesBack) {
  for (DataType dtype : {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kF64, DataType::kI8, DataType::kU8, DataType::kI16, DataType::kU16,
                         DataType::kI32, DataType::kU32, DataType::kI64, DataType::kU64, DataType::kBool, DataType::kI4, DataType::kU4}) {
    Tensor tensor(dtype, {3, 1, 5});
    for (size_t i = 0; i < tensor.bytes().size(); ++i) tensor.data()[i] = static_cast<uint8_t>(dtype == DataType::kBool ? i % 2 : i * 37);
    const auto back = read_tensor_pb(write_tensor_pb(tensor, "x"));
    ASSERT_TRUE(back.ok()) << dtype_name(dtype) << ": " << back.error().message();
    EXPECT_EQ(back->name, "x");
    EXPECT_EQ(back->tensor.dtype(), dtype);
    EXPECT_EQ(back->tensor.shape(), tensor.shape());
    EXPECT_TRUE(std::equal(tensor.bytes().begin(), tensor.bytes().end(), back->tensor.bytes().begin(), back->tensor.bytes().end()));
  }
}

TEST(TensorPb, TypedFieldsAreRead) {
  pb::TensorProto floats = proto(DataType::kF32, {2}), halves = proto(DataType::kF16, {1}), bytes = proto(DataType::kI8, {2}), longs = proto(DataType::kI64, {1});
  floats.add_float_data(1.5f), floats.add_float_data(-2);
  halves.add_int32_data(0x3c00);
  bytes.add_int32_data(-3), bytes.add_int32_data(7);
  longs.add_int64_data(int64_t{1} << 40);
  EXPECT_EQ(values<float>(tensor_from_proto(floats)), (std::vector<float>{1.5f, -2}));
  EXPECT_EQ(tensor_from_proto(halves)->at(0), 1.0);
  EXPECT_EQ(values<int8_t>(tensor_from_proto(bytes)), (std::vector<int8_t>{-3, 7}));
  EXPECT_EQ(values<int64_t>(tensor_from_proto(longs)), (std::vector<int64_t>{int64_t{1} << 40}));
}

TEST(TensorPb, SizesAreCheckedBeforeMemoryIsTaken) {
  pb::TensorProto huge = proto(DataType::kF32, {2147483647, 2147483647, 2147483647});
  huge.set_raw_data("1234");
  const auto refused = tensor_from_proto(huge);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  EXPECT_NE(refused.error().message().find("tensor 'w'"), std::string::npos) << refused.error().message();
  pb::TensorProto short_one = proto(DataType::kF32, {2});
  short_one.set_raw_data("1234");
  EXPECT_EQ(tensor_from_proto(short_one).error().message(), "tensor 'w': f32[2] wants 2 elements, the file holds 4 bytes");
  EXPECT_EQ(tensor_from_proto(proto(DataType::kF32, {-1})).error().code(), Code::kCorrupt);
  EXPECT_EQ(tensor_from_proto(proto(DataType::kF32, {int64_t{1} << 33})).error().code(), Code::kCorrupt);
  EXPECT_EQ(tensor_from_proto(proto(DataType::kF32, {1, 1, 1, 1, 1, 1, 1, 1, 1})).error().code(), Code::kUnsupported);
}

TEST(TensorPb, UnknownElementTypesAreNamed) {
  pb::TensorProto p = proto(DataType::kF32, {1});
  p.set_data_type(17);
  EXPECT_NE(tensor_from_proto(p).error().message().find("FLOAT8E4M3FN"), std::string::npos);
  p.set_data_type(4711);
  EXPECT_EQ(tensor_from_proto(p).error().code(), Code::kUnsupported);
}

class ExternalData : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/verge_external_data";
    ASSERT_TRUE(make_directories(folder_ + "/model").ok());
    ASSERT_TRUE(write_file(folder_ + "/model/weights.bin", std::string("abcdEFGHijkl")).ok());
    ASSERT_TRUE(write_file(folder_ + "/secret.bin", std::string("secret secret")).ok());
  }
  Result<Tensor> load(const std::string& location, const std::string& offset = "4", const std::string& length = "4") {
    pb::TensorProto p = proto(DataType::kU8, {4});
    p.set_data_location(1);
    for (const auto& [key, value] : {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
      p.add_external_data()->set_key(key);
      p.mutable_external_data()->rbegin()->set_value(value);
    }
    return tensor_from_proto(p, folder_ + "/model");
  }
  std::string folder_;
};

TEST_F(ExternalData, IsReadAtItsOffset) {
  EXPECT_EQ(values<uint8_t>(load("weights.bin")), (std::vector<uint8_t>{'E', 'F', 'G', 'H'}));
  EXPECT_EQ(values<uint8_t>(load("./weights.bin", "", "")), (std::vector<uint8_t>{'a', 'b', 'c', 'd'}));
}

TEST_F(ExternalData, NeverLeavesTheFolder) {
  for (const char* location : {"../secret.bin", "/etc/hostname", "x/../../secret.bin", "", ".."}) {
    const auto refused = load(location);
    ASSERT_FALSE(refused.ok()) << location;
    EXPECT_EQ(refused.error().code(), Code::kCorrupt) << refused.error().message();
  }
  std::error_code error;
  std::filesystem::create_symlink("../secret.bin", folder_ + "/model/link.bin", error);
  EXPECT_FALSE(load("link.bin", "0").ok());
}

TEST_F(ExternalData, DamagedEntriesAreRefused) {
  EXPECT_EQ(load("absent.bin").error().code(), Code::kNotFound);
  EXPECT_EQ(load("weights.bin", "9").error().code(), Code::kCorrupt);
  EXPECT_EQ(load("weights.bin", "18446744073709551615").error().code(), Code::kCorrupt);
  EXPECT_EQ(load("weights.bin", "x").error().code(), Code::kCorrupt);
  EXPECT_EQ(load("weights.bin", "0", "5").error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace verge::formats::onnx
