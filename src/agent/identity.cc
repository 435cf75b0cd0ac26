#include "agent/identity.h"

#include "tuf/openssl.h"

namespace verge::agent {

using openssl::Key, openssl::Request, openssl::key_pem, openssl::make_key, openssl::pem_of;

Result<Identity> make_identity(const std::string& device) {
  const Key key = make_key();
  const Request request(X509_REQ_new());
  if (!key || !request) return internal("OpenSSL cannot make a key");
  const auto* name = reinterpret_cast<const unsigned char*>(device.c_str());
  const bool named = X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1;
  if (!named || X509_REQ_set_pubkey(request.get(), key.get()) != 1 || X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return invalid("'" + device + "' cannot be a device's name; letters, digits, '-', '_' and '.' can");
  return Identity{key_pem(key.get()), pem_of([&](BIO* b) { return PEM_write_bio_X509_REQ(b, request.get()); })};
}

}  // namespace verge::agent
