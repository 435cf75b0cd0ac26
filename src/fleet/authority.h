// The fleet's own certificate authority: the server's certificate and the devices'.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::fleet {

// Files in a folder: ca.pem and ca.key.pem, server.pem and server.key.pem (ECDSA P-256).
class Authority {
 public:
  // Makes what is missing; `hosts`: names and addresses that the server's certificate is for.
  static Result<Authority> open(const std::string& folder, const std::vector<std::string>& hosts);
  // A certificate for the key of a PKCS #10 request, in the name of `device`; what name the request carries does not matter.
  Result<std::string> certify(const std::string& request_pem, const std::string& device) const;
  std::string path(const char* file) const { return folder_ + "/" + file; }
  const std::string& certificate_pem() const { return certificate_pem_; }

 private:
  std::string folder_, key_pem_, certificate_pem_;
};

}  // namespace verge::fleet
