#include "passes/pass_test.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

const std::string kHead = "input %q: f32[2,5,4]\ninput %k: f32[2,4,6]\ninput %v: f32[2,6,3]\nconst %half: f32[] = [0.5]\nconst %mask: f32[1,1,6] = [0, 0, 0, 0, -9, -9]\n";

TEST(FuseAttention, TakesScaleAndMask) {
  expect_rewrite({&kFuseAttention},
                 kHead + "%s = matmul(%q, %k)\n%t = mul(%s, %half)\n%u = add(%t, %mask)\n%p = softmax(%u) {axis=-1}\n%y = matmul(%p, %v)\noutput %y\n",
                 "input %q: f32[2,5,4]\ninput %k: f32[2,4,6]\ninput %v: f32[2,6,3]\nconst %mask: f32[1,1,6] = [0, 0, 0, 0, -9, -9]\n%y = attention(%q, %k, %v, %mask) {scale=0.5, trans_k=0}\noutput %y\n");
}

TEST(FuseAttention, LeavesWhatIsReadElsewhereOrRunsAlongAnotherAxis) {
  expect_unchanged({&kFuseAttention}, kHead + "%s = matmul(%q, %k)\n%p = softmax(%s) {axis=-1}\n%y = matmul(%p, %v)\noutput %y\noutput %p\n");
  expect_unchanged({&kFuseAttention}, kHead + "%s = matmul(%q, %k)\n%p = softmax(%s) {axis=1}\n%y = matmul(%p, %v)\noutput %y\n");
  expect_unchanged({&kFuseAttention}, "input %q: f32[2,5,4]\ninput %k: f32[4,6]\ninput %v: f32[2,6,3]\n%s = matmul(%q, %k)\n%p = softmax(%s) {axis=-1}\n%y = matmul(%p, %v)\noutput %y\n");
}

}  // namespace
}  // namespace verge::passes
