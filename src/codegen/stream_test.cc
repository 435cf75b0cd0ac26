#include "codegen/stream.h"

#include <gtest/gtest.h>

namespace verge::codegen {
namespace {

Buffer rows(int height, int bytes, int first, int last) {
  Buffer b;
  b.shape = {1, height, bytes, 1};
  b.bytes = int64_t{height} * bytes;
  b.first = first, b.last = last;
  return b;
}

Layer window(int in, int out, int in_h, int out_h, int kernel, int stride, int pad) {
  Layer l;
  l.kind = Kind::kConv;
  l.in = {in}, l.out = out;
  l.window = {.in_h = in_h, .in_w = 8, .in_c = 1, .out_h = out_h, .out_w = 8, .out_c = 1, .kernel_h = kernel, .kernel_w = 1, .stride_h = stride, .pad_top = pad};
  return l;
}

// Two 3 x 3 convolutions over ten rows.
Network two_convolutions() {
  Network n;
  n.buffers = {rows(10, 8, -1, 0), rows(10, 8, 0, 1), rows(10, 8, 1, 2)};
  n.layers = {window(0, 1, 10, 10, 3, 1, 1), window(1, 2, 10, 10, 3, 1, 1)};
  n.inputs = {0}, n.outputs = {2};
  return n;
}

TEST(Stream, ARingHoldsAsManyRowsAsTheNextKernelIsTall) {
  const codegen::Run run = make_run(two_convolutions(), 0, 2);
  ASSERT_EQ(run.ring_rows.size(), 1u);
  EXPECT_EQ(run.ring_rows.at(1), 3);
  EXPECT_EQ(run.ring_bytes(two_convolutions()), 24);
}

TEST(Stream, EveryRowIsMadeOnceAndBeforeItIsRead) {
  const codegen::Run run = make_run(two_convolutions(), 0, 2);
  int made[2] = {0, 0};
  for (const Step& s : run.steps) {
    EXPECT_EQ(s.row, made[s.layer]++);
    if (s.layer == 1) {
      EXPECT_GE(made[0], std::min(10, s.row + 2));
    }
  }
  EXPECT_EQ(made[0], 10);
  EXPECT_EQ(made[1], 10);
}

TEST(Stream, TheOutputStaysBehindWhatIsStillRead) {
  const codegen::Run run = make_run(two_convolutions(), 0, 2);
  // Row y is made when rows up to y + 2 of the input have been read, and row y + 1 is the first that is read again.
  EXPECT_GE(distance_below(run, 0), 0);
  EXPECT_LE(distance_below(run, 0), 3 * 8);
}

// A row goes through two pointwise convolutions and a third of 3 x 3.
Network pointwise_chain() {
  Network n;
  n.buffers = {rows(10, 8, -1, 0), rows(10, 8, 0, 1), rows(10, 8, 1, 2), rows(10, 8, 2, 3), rows(10, 8, 3, 4)};
  n.layers = {window(0, 1, 10, 10, 3, 1, 1), window(1, 2, 10, 10, 1, 1, 0), window(2, 3, 10, 10, 1, 1, 0), window(3, 4, 10, 10, 3, 1, 1)};
  n.inputs = {0}, n.outputs = {4};
  return n;
}

TEST(Stream, RowsThatAreNeverThereTogetherShareMemory) {
  Network n = pointwise_chain();
  EXPECT_EQ(make_run(n, 0, 4).shared, (std::vector<std::vector<int>>{{1}, {2}}));
  n.layers[1].row_in_place = true;
  EXPECT_EQ(make_run(n, 0, 4).shared, (std::vector<std::vector<int>>{{1, 2}}));
}

TEST(Stream, WholeTensorsStayWhole) {
  Network n = two_convolutions();
  n.layers[1].kind = Kind::kSoftmax;
  EXPECT_TRUE(make_run(n, 0, 2).steps.empty());
}

TEST(Stream, StreamingNeedsLessThanWholeTensors) {
  const Network n = two_convolutions();
  const std::vector<codegen::Run> runs = cut_into_runs(n, {0, 0}, {0, 0});
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].streams());
}

}  // namespace
}  // namespace verge::codegen
