// Hostile programs at the agent's socket: cut into any pieces, a stream gives the same requests, and their bytes add up.
#include <cstdlib>

#include "agent/requests.h"

namespace {

using namespace verge;

// Everything that a stream in pieces of `step` bytes says, until it is refused.
Bytes heard(ByteSpan stream, size_t step) {
  agent::Requests requests;
  Bytes out;
  for (size_t at = 0; at < stream.size(); at += step) {
    requests.add(stream.subspan(at, std::min(step, stream.size() - at)));
    auto next = requests.next();
    for (; next.ok() && *next; next = requests.next()) {
      out.push_back(static_cast<uint8_t>((*next)->size()));
      out.insert(out.end(), (*next)->begin(), (*next)->end());
    }
    if (!next.ok()) break;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const ByteSpan stream(data + 1, size - 1);
  const Bytes whole = heard(stream, std::max<size_t>(1, stream.size()));
  if (whole.size() > stream.size() || whole != heard(stream, 1 + data[0] % 7u)) std::abort();
  return 0;
}
