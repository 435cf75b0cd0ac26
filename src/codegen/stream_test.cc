#include "codegen/stream.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  l.window = {
      .in_h = in_h, .in_w = 8, .in_c = 1, .out_h = out_h, .out_w = 8, .out_c = 1, .kernel_h = kernel, .kernel_w = 1, .stride_h = stride, .pad_top = pad};
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

TEST(Stream, AsManyRowsExistAsTheNextKernelIsTall) {
  const Network n = two_convolutions();
  const codegen::Run run = make_run(n, 0, 2);
  EXPECT_EQ(run.rows_only, std::set<int>{1});
  EXPECT_EQ(held_bytes(n, run, 1), 24);
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

TEST(Stream, AnInputRowLivesUntilItIsReadLast) {
  const codegen::Run run = make_run(two_convolutions(), 0, 2);
  const std::vector<Life>& lives = run.lives.at(0);
  for (size_t y = 0; y + 1 < lives.size(); ++y) EXPECT_LT(lives[y].last, lives[y + 1].last + (y == 8)) << y;  // the last two rows die together
  // Row y of the output is made when rows up to y + 2 of the input have been read, and row y + 1 is the first that is read again.
  const std::vector<Life>& out = run.lives.at(2);
  EXPECT_GT(out[5].first, lives[5].last);
  EXPECT_LT(out[5].first, lives[6].last);
}

TEST(Stream, ARowThatTheCallerFeedsIsThereFromThenOn) {
  Network n = two_convolutions();
  n.lines = true;
  ASSERT_TRUE(can_run(n, 0, 2));
  const codegen::Run run = make_run(n, 0, 2);
  EXPECT_EQ(run.rows_only, (std::set<int>{0, 1}));
  EXPECT_EQ(held_bytes(n, run, 0), 24);
  EXPECT_EQ(std::count_if(run.steps.begin(), run.steps.end(), [](const Step& s) { return s.layer == kFeed; }), 10);
  EXPECT_EQ(run.steps.front().layer, kFeed);
}

TEST(Stream, AnInputThatALaterRunReadsIsNotFed) {
  Network n = two_convolutions();
  n.lines = true;
  n.buffers[0].last = 1;
  EXPECT_FALSE(can_run(n, 0, 1));
}

// A row goes through two pointwise convolutions and a third of 3 x 3.
Network pointwise_chain() {
  Network n;
  n.buffers = {rows(10, 8, -1, 0), rows(10, 8, 0, 1), rows(10, 8, 1, 2), rows(10, 8, 2, 3), rows(10, 8, 3, 4)};
  n.layers = {window(0, 1, 10, 10, 3, 1, 1), window(1, 2, 10, 10, 1, 1, 0), window(2, 3, 10, 10, 1, 1, 0), window(3, 4, 10, 10, 3, 1, 1)};
  n.inputs = {0}, n.outputs = {4};
  return n;
}

TEST(Stream, ARowMayTakeTheMemoryOfTheOneThatItIsMadeOf) {
  Network n = pointwise_chain();
  n.buffers[0] = rows(10, 2, -1, 0), n.buffers[4] = rows(10, 1, 3, 4);
  const int64_t apart = most_bytes(n, make_run(n, 0, 4));
  n.layers[1].row_distance = 0;
  n.layers[2].row_distance = 0;
  EXPECT_LT(most_bytes(n, make_run(n, 0, 4)), apart);
}

TEST(Stream, WholeTensorsStayWhole) {
  Network n = two_convolutions();
  n.layers[1].kind = Kind::kSoftmax;
  EXPECT_FALSE(can_run(n, 0, 2));
}

TEST(Stream, StreamingNeedsLessThanWholeTensors) {
  const Network n = two_convolutions();
  const std::vector<codegen::Run> runs = cut_into_runs(n, {0, 0}, {0, 0});
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].streams());
}

}  // namespace
}  // namespace verge::codegen
