// Copies bytes: a reshape whose memory could not be shared.
#pragma once

namespace verge::exec {

struct CopyAttrs {
  int reserved = 0;
};

}  // namespace verge::exec
