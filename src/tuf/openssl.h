// OpenSSL's objects as values that free themselves, and their PEM.
#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace verge::openssl {

template <auto Free> struct Freer {
  template <class T> void operator()(T* p) const { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Request = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
struct FreeStack {
  void operator()(STACK_OF(X509) * s) const { sk_X509_free(s); }
};
using Certificates = std::unique_ptr<STACK_OF(X509), FreeStack>;  // does not own what it holds
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

inline Key make_key() { return Key(EVP_EC_gen("P-256")); }

// What `write` puts into a memory BIO.
template <class Write> std::string pem_of(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!write(bio.get())) return "";
  const long bytes = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(bytes));
}
inline std::string key_pem(EVP_PKEY* key) {
  return pem_of([&](BIO* b) { return PEM_write_bio_PKCS8PrivateKey(b, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

inline std::string public_pem(EVP_PKEY* key) {
  return pem_of([&](BIO* b) { return PEM_write_bio_PUBKEY(b, key); });
}

inline Bio reader_of(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
inline Key parse_secret(const std::string& pem) { return Key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, nullptr, nullptr)); }
inline Key parse_public(const std::string& pem) { return Key(PEM_read_bio_PUBKEY(reader_of(pem).get(), nullptr, nullptr, nullptr)); }

}  // namespace verge::openssl
