#include "report/html.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

Json sample() {
  const Json latency = {{"p50_ms", 0.5}, {"p99_ms", 0.7}};
  Json r = {{"model", {{"file", "a<b>.onnx"}, {"bytes", 1000}, {"macs", 12000}, {"sha256", "00ff"}}}, {"target", "rpi4"}, {"chosen", "int8"}, {"reason", "smaller"},
            {"pipeline", {{"text", "RGB"}, {"declared", false}, {"scored", Json::array({{{"pipeline", "RGB"}, {"top1", 0.9}}})}}},
            {"data", {{"samples", 10}, {"calibration", 5}, {"check", 5}, {"seed", 0}}}, {"kept_float", {{"conv1", "too lossy"}}},
            {"blame", Json::array({{{"name", "conv2"}, {"sqnr_db", 31.5}, {"cosine", 0.999}, {"alone_agreement", 1.0}}})}};
  for (const char* name : {"fp32", "int8"})
    r["candidates"].push_back({{"name", name}, {"chosen", std::string(name) == "int8"}, {"top1", 0.9}, {"agreement", 0.99}, {"drop_points", 0.1}, {"int8_mac_share", 1.0}, {"package_bytes", 4000},
                               {"arena_bytes", 100}, {"latency", latency}, {"estimate", {{"target", "rpi4"}, {"latency_ms", 3.5}}}});
  return r;
}

TEST(HtmlReport, EscapesNamesAndNamesNoOutsideHost) {
  const std::string html = html_report(sample(), "verge optimize 'a<b>.onnx'");
  EXPECT_NE(html.find("a&lt;b&gt;.onnx"), std::string::npos);
  EXPECT_EQ(html.find("a<b>"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos);
}

TEST(HtmlReport, SaysEstimatedForAnotherTargetAndNamesFloatLayers) {
  const std::string html = html_report(sample(), "");
  EXPECT_NE(html.find("<b>estimated</b>"), std::string::npos);
  EXPECT_NE(html.find("conv1: too lossy"), std::string::npos);
}

TEST(HtmlReport, ShowsMemoryPlacementAndSpread) {
  Json r = sample();
  r["memory"] = {{{"name", "conv1"}, {"op", "conv_i8"}, {"bytes", 2000}}, {{"name", "conv2"}, {"op", "conv_i8"}, {"bytes", 1024}}};
  r["placement"] = Json::array({{{"op", "conv_i8"}, {"count", 2}, {"macs", 12000.0}, {"integer", true}, {"ms", 0.25}}});
  r["histograms"] = Json::array({{{"name", "conv2"}, {"low", -1.0}, {"high", 3.0}, {"counts", {1, 0, 5, 2}}, {"range", {-2.0, 2.0}}}});
  const std::string html = html_report(r, "");
  EXPECT_NE(html.find("2.0 KB at conv1"), std::string::npos) << html;
  EXPECT_NE(html.find("integers<td>2<td>12,000<td>0.2500 ms<td>100.0 %"), std::string::npos);
  EXPECT_NE(html.find("x1=1.0 y1=22"), std::string::npos) << "the range begins left of the values: its line stands at the edge";
  EXPECT_NE(html.find("x1=187.5 y1=22"), std::string::npos) << "2 lies three quarters of the way from -1 to 3";
}

}  // namespace
}  // namespace verge
