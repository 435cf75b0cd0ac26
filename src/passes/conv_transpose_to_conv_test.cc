// Transposed convolutions become convolutions of stride 1, whose phases are put side by side.
#include "passes/pass_test.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::string constant(const std::string& name, const std::string& type, const Shape& shape) {
  std::string text = "const %" + name + ": " + type + " = [";
  for (int64_t i = 0; i < shape.count(); ++i) text += (i ? ", " : "") + std::to_string(i * 7 % 11 - 5);
  return text + "]\n";
}

void expect_no_transposed_convolution(const std::string& text, double steps) {
  const Pass pass{"tested", {&kConvTransposeToConv}};
  const Graph before = parsed(text);
  Graph after = before;
  const auto report = run_passes(after, std::span(&pass, 1));
  ASSERT_TRUE(report.ok()) << report.error().message();
  for (const NodeId id : after.order()) EXPECT_NE(after.node(id).op, "conv_transpose");
  expect_same_function(before, after, 2e-6, steps);
}

TEST(ConvTransposeToConv, ComputesTheSameInReals) {
  for (const char* attrs : {"strides=[1, 1]", "strides=[2, 2]", "strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]", "strides=[3, 1], pads=[0, 1, 2, 0]", "dilations=[2, 1], strides=[1, 1]",
                            "dilations=[2, 2], strides=[2, 3], clamp_min=0.0", "strides=[4, 4]"})
    for (const char* layout : {"nchw", "nhwc"})
      for (const int32_t groups : {1, 2}) {
        SCOPED_TRACE(std::string(attrs) + " " + layout + " " + std::to_string(groups));
        const int32_t in = 4 / groups;
        const std::string x = std::string(layout) == "nchw" ? "2,4,3,5" : "2,3,5,4";
        expect_no_transposed_convolution("input %x: f32[" + x + "]\n" + constant("w", "f32[6,3,2," + std::to_string(in) + "]", {6, 3, 2, in}) + constant("b", "f32[6]", {6}) +
                                             "%y = conv_transpose(%x, %w, %b) {" + attrs + ", layout=\"" + layout + "\", groups=" + std::to_string(groups) + "}\noutput %y\n",
                                         0);
      }
}

TEST(ConvTransposeToConv, ComputesTheSameInIntegersToTheBit) {
  for (const auto& [attrs, shape] : {std::pair{"strides=[2, 2]", "1,7,9,2"}, {"strides=[2, 2], pads=[0, 0, 1, 1]", "1,6,8,2"}, {"strides=[1, 3]", "1,5,12,2"}}) {
    SCOPED_TRACE(attrs);
    expect_no_transposed_convolution("input %x: i8[1,3,4,2]{scale=[0.05] zero=[3] axis=-1}\n" + constant("w", "i8[2,3,3,2]{scale=[0.01, 0.02] zero=[0, 0] axis=0}", {2, 3, 3, 2}) +
                                         constant("b", "i32[2]{scale=[0.0005, 0.001] zero=[0, 0] axis=0}", {2}) + "%y = conv_transpose(%x, %w, %b) {layout=\"nhwc\", " + attrs + "}: i8[" + shape +
                                         "]{scale=[0.04] zero=[-2] axis=-1}\noutput %y\n",
                                     0);
  }
}

}  // namespace
}  // namespace verge::passes
