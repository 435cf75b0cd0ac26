// Who a device is: a key that never leaves it and a request for a certificate.
#pragma once
#include <string>

#include "core/result.h"

namespace verge::agent {

struct Identity {
  std::string key_pem;      // ECDSA P-256, PKCS #8
  std::string request_pem;  // PKCS #10, common name = the device's
};

Result<Identity> make_identity(const std::string& device);

}  // namespace verge::agent
