// y[i] = x[i] in another element type; the tensors' types say which.
#pragma once

namespace verge::exec {

struct CastAttrs {
  int reserved = 0;
};

}  // namespace verge::exec
