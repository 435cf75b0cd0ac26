#include "formats/npy.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace verge::formats {
namespace {

Bytes npy_file(const std::string& header, const Bytes& data) {
  const std::string start = "\x93NUMPY" + std::string({1, 0, static_cast<char>(header.size()), 0}) + header;
  Bytes out(start.begin(), start.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

template <typename T> void put(Bytes& out, T value) {
  const auto* p = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), p, p + sizeof(T));
}

void put_text(Bytes& out, const std::string& text) { out.insert(out.end(), text.begin(), text.end()); }

Bytes deflated(const Bytes& bytes) {
  Bytes out(bytes.size() + 100);
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<uint8_t*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// An archive with each file stored and, as "z" + name, deflated; the local headers claim zip64 as numpy.savez writes them.
Bytes zip_file(const std::vector<std::pair<std::string, Bytes>>& files) {
  Bytes out, directory;
  uint16_t entries = 0;
  for (const auto& [name, content] : files)
    for (const bool packed : {false, true}) {
      const Bytes stored = packed ? deflated(content) : content;
      const std::string entry = (packed ? "z" : "") + name;
      const auto at = static_cast<uint32_t>(out.size());
      const auto sum = static_cast<uint32_t>(crc32(0, content.data(), static_cast<uInt>(content.size())));
      for (Bytes* to : {&out, &directory}) {
        put<uint32_t>(*to, to == &out ? 0x04034b50 : 0x02014b50);
        if (to == &directory) put<uint16_t>(*to, 45);
        put<uint16_t>(*to, 45), put<uint16_t>(*to, 0), put<uint16_t>(*to, packed ? 8 : 0), put<uint32_t>(*to, 0), put<uint32_t>(*to, sum);
        put<uint32_t>(*to, to == &out ? 0xffffffff : static_cast<uint32_t>(stored.size()));
        put<uint32_t>(*to, to == &out ? 0xffffffff : static_cast<uint32_t>(content.size()));
        put<uint16_t>(*to, static_cast<uint16_t>(entry.size()));
        put<uint16_t>(*to, 0);
        if (to == &directory) put<uint16_t>(*to, 0), put<uint16_t>(*to, 0), put<uint16_t>(*to, 0), put<uint32_t>(*to, 0), put<uint32_t>(*to, at);
        put_text(*to, entry);
      }
      out.insert(out.end(), stored.begin(), stored.end());
      ++entries;
    }
  const auto at = static_cast<uint32_t>(out.size()), size = static_cast<uint32_t>(directory.size());
  out.insert(out.end(), directory.begin(), directory.end());
  put<uint32_t>(out, 0x06054b50), put<uint16_t>(out, 0), put<uint16_t>(out, 0), put<uint16_t>(out, entries), put<uint16_t>(out, entries);
  put<uint32_t>(out, size), put<uint32_t>(out, at), put<uint16_t>(out, 0);
  return out;
}

void expect_same(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.dtype(), b.dtype());
  EXPECT_EQ(a.shape(), b.shape());
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
}

TEST(Npy, EveryNumericTypeAndRankComesBack) {
  for (DataType dtype : {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kF64, DataType::kI8, DataType::kU8, DataType::kI16, DataType::kU16,
                         DataType::kI32, DataType::kU32, DataType::kI64, DataType::kU64, DataType::kBool})
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{0, 4}, Shape{2, 3, 1, 2}}) {
      Tensor tensor(dtype, shape);
      for (size_t i = 0; i < tensor.bytes().size(); ++i) tensor.data()[i] = static_cast<uint8_t>(dtype == DataType::kBool ? i % 2 : i * 37);
      const auto file = write_npy(tensor);
      ASSERT_TRUE(file.ok()) << file.error().message();
      const auto back = read_npy(*file);
      ASSERT_TRUE(back.ok()) << dtype_name(dtype) << ": " << back.error().message();
      expect_same(*back, tensor);
    }
}

TEST(Npy, DataStartAtAMultipleOf64) {
  const auto file = write_npy(Tensor(DataType::kF32, {5}));
  EXPECT_EQ((file->size() - 20) % 64, 0u);
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  const auto tensor = read_npy(npy_file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", {1, 4, 2, 5, 3, 6}));
  ASSERT_TRUE(tensor.ok()) << tensor.error().message();
  expect_same(*tensor, Tensor::of<uint8_t>({2, 3}, {1, 2, 3, 4, 5, 6}));
}

TEST(Npy, BigEndianIsSwapped) {
  const auto tensor = read_npy(npy_file("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", {1, 2, 3, 4}));
  ASSERT_TRUE(tensor.ok()) << tensor.error().message();
  expect_same(*tensor, Tensor::of<int16_t>({2}, {0x0102, 0x0304}));
}

TEST(Npy, RefusesWhatItCannotHoldAndWhatIsDamaged) {
  const struct {
    Bytes file;
    Code code;
    const char* words;
  } cases[] = {
      {{}, Code::kCorrupt, "does not begin with"},
      {npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", {1, 2}), Code::kCorrupt, "does not fit the 2 bytes"},
      {npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 4, 4), }", {}), Code::kCorrupt, "does not fit"},
      {npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (1, }", {}), Code::kCorrupt, "not a tuple"},
      {npy_file("{'descr': '<f4', 'shape': (0,), }", {}), Code::kCorrupt, "fortran_order"},
      {npy_file("{'descr': '<U7', 'fortran_order': False, 'shape': (0,), }", {}), Code::kUnsupported, "<U7"},
      {npy_file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,), }", {}), Code::kUnsupported, "records"},
      {npy_file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", {1}), Code::kUnsupported, "more than 8"},
  };
  for (const auto& c : cases) {
    const auto tensor = read_npy(c.file);
    ASSERT_FALSE(tensor.ok());
    EXPECT_EQ(tensor.error().code(), c.code) << tensor.error().message();
    EXPECT_NE(tensor.error().message().find(c.words), std::string::npos) << tensor.error().message();
  }
}

TEST(Npz, StoredAndDeflatedEntriesAreRead) {
  const Tensor x = Tensor::of<float>({2, 2}, {1, 2, 3, 4}), y = Tensor::of<int64_t>({3}, {7, 8, 9});
  const auto arrays = read_npz(zip_file({{"x.npy", *write_npy(x)}, {"note.txt", {'h', 'i'}}, {"y.npy", *write_npy(y)}}));
  ASSERT_TRUE(arrays.ok()) << arrays.error().message();
  ASSERT_EQ(arrays->size(), 4u);
  EXPECT_EQ((*arrays)[0].first, "x");
  EXPECT_EQ((*arrays)[1].first, "zx");
  expect_same((*arrays)[1].second, x);
  expect_same((*arrays)[2].second, y);
}

TEST(Npz, EveryTruncationAndBitFlipIsRefusedOrRead) {
  const Bytes file = zip_file({{"x.npy", *write_npy(Tensor::of<float>({2}, {1, 2}))}});
  for (size_t n = 0; n < file.size(); ++n) EXPECT_FALSE(read_npz(ByteSpan(file).first(n)).ok()) << "truncated to " << n << " bytes";
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    Bytes damaged = file;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const auto arrays = read_npz(damaged);
    EXPECT_TRUE(arrays.ok() || !arrays.error().message().empty());
  }
}

}  // namespace
}  // namespace verge::formats
