// Hostile metadata: every role's parser ends in a value or an error, and canonical JSON is stable.
#include <cstdlib>

#include "tuf/trusted.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace verge::tuf;
  const auto envelope = parse_envelope({data, size});
  if (!envelope.ok()) return 0;
  (void)parse_root(*envelope).ok();
  (void)parse_timestamp(*envelope).ok();
  (void)parse_snapshot(*envelope).ok();
  const auto targets = parse_targets(*envelope);
  if (targets.ok() && targets->delegations) {
    for (const DelegatedRole& role : targets->delegations->roles) (void)role.covers("a/b");
    if (targets->delegations->bins) (void)targets->delegations->bins->bin_of("a/b");
  }
  (void)TrustedMetadata::begin({data, size}, 0).ok();
  if (*canonical(envelope->body) != envelope->signed_bytes) std::abort();
  return 0;
}
