// y = c ? a : b with broadcasting; c bool, a and b of any one whole-byte type.
#pragma once

namespace verge::exec {

struct SelectAttrs {
  int reserved = 0;
};

}  // namespace verge::exec
