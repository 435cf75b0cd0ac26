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

}  // namespace
}  // namespace verge
