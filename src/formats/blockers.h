// What keeps a file from being imported, collected so that the user sees all of it at once rather than one per attempt.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::formats {

struct Blocker {
  std::string op;      // "Conv (opset 13)", "com.microsoft:Attention", "CUSTOM TFLite_Detection_PostProcess"
  std::string node;    // as the source names it
  std::string inputs;  // types of the inputs: "f32[1,3,32,32], i64[2]"
  std::string reason;
  std::string remedy;  // what the user can do; empty: nothing is known
};

class Blockers {
 public:
  void add(Blocker blocker) { all_.push_back(std::move(blocker)); }
  bool empty() const { return all_.empty(); }
  const std::vector<Blocker>& all() const { return all_; }
  // kUnsupported; one group for each operator and reason, in order of first appearance, with every node of it:
  //
  //   3 nodes cannot be imported
  //     2x LSTM (opset 16): no translation
  //        node 'lstm_1' (f32[1,1,128], f32[1,512,128])
  //        node 'lstm_2' (f32[1,1,128], f32[1,512,128])
  //        remedy: ...
  Error error() const;

 private:
  std::vector<Blocker> all_;
};

}  // namespace verge::formats
