#include "fleet/authority.h"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "os/file.h"
#include "os/text_file.h"
#include "tuf/openssl.h"

namespace verge::fleet {
namespace {

using openssl::Certificate;
using openssl::Key;

constexpr long kDay = 86400;

struct Wish {
  std::string name;
  EVP_PKEY* subject;
  long days;
  std::string usage, hosts;  // extendedKeyUsage, subjectAltName; empty: an authority
};

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  const bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool number(X509* certificate) {
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return false;
  serial[0] &= 0x7f;
  BIGNUM* value = BN_bin2bn(serial, sizeof serial, nullptr);
  const bool set = value && BN_to_ASN1_INTEGER(value, X509_get_serialNumber(certificate));
  BN_free(value);
  return set;
}

// Signed by `issuer_key`; `issuer` null: by itself.
Certificate make_certificate(const Wish& wish, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate out(X509_new());
  X509* c = out.get();
  X509* from = issuer ? issuer : c;
  const bool authority = wish.usage.empty();
  X509_set_version(c, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(c), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(c), wish.days * kDay);
  X509_set_pubkey(c, wish.subject);
  const auto* name = reinterpret_cast<const unsigned char*>(wish.name.c_str());
  bool good = number(c) && X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1;
  good = good && X509_set_issuer_name(c, X509_get_subject_name(from)) == 1;
  good = good && add_extension(c, from, NID_basic_constraints, authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
  good = good && add_extension(c, from, NID_key_usage, authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  good = good && add_extension(c, from, NID_subject_key_identifier, "hash");
  if (!authority) good = good && add_extension(c, from, NID_ext_key_usage, wish.usage);
  if (!wish.hosts.empty()) good = good && add_extension(c, from, NID_subject_alt_name, wish.hosts);
  return good && X509_sign(c, issuer_key, EVP_sha256()) != 0 ? std::move(out) : nullptr;
}

std::string certificate_pem_of(X509* c) {
  return openssl::pem_of([&](BIO* b) { return PEM_write_bio_X509(b, c); });
}

Certificate parse_certificate(const std::string& pem) { return Certificate(PEM_read_bio_X509(openssl::reader_of(pem).get(), nullptr, nullptr, nullptr)); }

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string out;
  for (const std::string& host : hosts) {
    unsigned char address[16];
    const bool number = ::inet_pton(AF_INET, host.c_str(), address) == 1 || ::inet_pton(AF_INET6, host.c_str(), address) == 1;
    out += (out.empty() ? "" : ",") + std::string(number ? "IP:" : "DNS:") + host;
  }
  return out;
}

Error cannot() { return internal("OpenSSL cannot make a certificate"); }

Result<void> make_authority(const std::string& folder) {
  const Key key = openssl::make_key();
  if (!key) return cannot();
  const Certificate certificate = make_certificate({"Verge fleet", key.get(), 3650, "", ""}, nullptr, key.get());
  if (!certificate) return cannot();
  VERGE_CHECK(write_secret(folder + "/ca.key.pem", openssl::key_pem(key.get())));
  return write_file(folder + "/ca.pem", certificate_pem_of(certificate.get()));
}

}  // namespace

Result<Authority> Authority::open(const std::string& folder, const std::vector<std::string>& hosts) {
  VERGE_CHECK(make_directories(folder));
  if (!is_file(folder + "/ca.pem")) VERGE_CHECK(make_authority(folder));
  Authority out;
  out.folder_ = folder;
  VERGE_TRY(out.key_pem_, read_text(folder + "/ca.key.pem"));
  VERGE_TRY(out.certificate_pem_, read_text(folder + "/ca.pem"));
  if (is_file(folder + "/server.pem")) return out;
  const Key key = openssl::make_key(), issuer_key = openssl::parse_secret(out.key_pem_);
  const Certificate issuer = parse_certificate(out.certificate_pem_);
  if (!key || !issuer_key || !issuer) return cannot();
  const Certificate server = make_certificate({"Verge fleet server", key.get(), 825, "serverAuth", alternative_names(hosts)}, issuer.get(), issuer_key.get());
  if (!server) return invalid("the host names of the server cannot be put into a certificate");
  VERGE_CHECK(write_secret(folder + "/server.key.pem", openssl::key_pem(key.get())));
  VERGE_CHECK(write_file(folder + "/server.pem", certificate_pem_of(server.get())));
  return out;
}

Result<std::string> Authority::certify(const std::string& request_pem, const std::string& device) const {
  const openssl::Request request(PEM_read_bio_X509_REQ(openssl::reader_of(request_pem).get(), nullptr, nullptr, nullptr));
  if (!request) return corrupt("the certificate request is no PKCS #10 in PEM");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (!key || X509_REQ_verify(request.get(), key) != 1) return Error(Code::kIntegrity, "the certificate request is not signed by its own key");
  const Key issuer_key = openssl::parse_secret(key_pem_);
  const Certificate issuer = parse_certificate(certificate_pem_);
  const Certificate out = issuer && issuer_key ? make_certificate({device, key, 90, "clientAuth", ""}, issuer.get(), issuer_key.get()) : nullptr;
  if (!out) return cannot();
  return certificate_pem_of(out.get());
}

}  // namespace verge::fleet
