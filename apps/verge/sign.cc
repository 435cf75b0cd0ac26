
#include <cstdio>

#include "os/text_file.h"
#include "packaging/signature.h"
#include "tuf/model_signature.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct KeyOptions {
  std::string name;
};

struct SignOptions {
  std::string package, key, output, bundle, certificate, authority;
  bool json = false;
};

Result<void> new_key(const KeyOptions& o) {
  const std::string secret = o.name + ".pem", open = o.name + ".pub.pem";
  if (read_file(secret).ok()) return invalid("'" + secret + "' exists; a key is never overwritten");
  const KeyPair keys = make_key_pair();
  VERGE_CHECK(write_secret(secret, secret_pem(keys)));
  VERGE_CHECK(write_file(open, public_pem(keys.public_key)));
  std::printf("wrote %s (keep it offline) and %s, key %s\n", secret.c_str(), open.c_str(), key_id(keys.public_key).c_str());
  return done();
}

Result<void> sign(const SignOptions& o) {
  VERGE_TRY(const std::string text, read_text(o.key));
  if (!o.bundle.empty()) {
    std::string chain;
    if (!o.certificate.empty()) {
      VERGE_TRY(chain, read_text(o.certificate));
    }
    VERGE_TRY(const std::string bundle, tuf::sign_model(o.package, o.bundle, text, chain));
    VERGE_CHECK(write_file(o.bundle, bundle));
    std::printf("wrote %s\n", o.bundle.c_str());
    return done();
  }
  VERGE_TRY(const KeyPair keys, parse_secret_pem(text, o.key));
  Bytes bytes;
  {
    VERGE_TRY(const PackageFile package, open_package(o.package, Verify::kFull));
    VERGE_TRY(bytes, sign_package(package, keys));
  }
  const std::string to = o.output.empty() ? o.package : o.output;
  VERGE_CHECK(write_file(to, bytes));
  std::printf("signed %s with key %s\n", to.c_str(), key_id(keys.public_key).c_str());
  return done();
}

Result<void> verify_bundle(const SignOptions& o) {
  if (o.key.empty() == o.authority.empty()) return invalid("--bundle needs whom to trust: the public --key, or the --authority of its certificate");
  VERGE_TRY(const std::string text, read_text(o.key.empty() ? o.authority : o.key));
  VERGE_TRY(const std::string bundle, read_text(o.bundle));
  const auto check = o.key.empty() ? tuf::verify_model_by_authority : tuf::verify_model;
  VERGE_CHECK(check(o.package, o.bundle, bundle, text), "'" + o.package + "'");
  if (o.json)
    print_json({{"model", o.package}, {"signature", "valid"}});
  else
    std::printf("%s: every file is as it was signed\n", o.package.c_str());
  return done();
}

Result<void> verify(const SignOptions& o) {
  if (!o.bundle.empty()) return verify_bundle(o);
  VERGE_TRY(const PackageFile package, open_package(o.package, Verify::kFull));
  const std::optional<PublicKey> claimed = claimed_key(package);
  if (!o.key.empty()) {
    VERGE_TRY(const std::string text, read_text(o.key));
    VERGE_TRY(const PublicKey key, parse_public_pem(text, o.key));
    VERGE_CHECK(verify_signature(package, key), "package '" + o.package + "'");
  }
  const bool trusted = !o.key.empty();
  if (o.json) {
    print_json({{"package", o.package},
                {"hashes", "match"},
                {"key", claimed ? Json(key_id(*claimed)) : Json()},
                {"signature", trusted   ? "valid"
                              : claimed ? "not checked"
                                        : "none"}});
  } else if (trusted) {
    std::printf("%s: every section matches its hash, signed by key %s\n", o.package.c_str(), key_id(*claimed).c_str());
  } else {
    std::printf("%s: every section matches its hash; %s\n", o.package.c_str(),
                claimed ? ("it claims to be signed by key " + key_id(*claimed) + ", check it with --key PUBLIC.pem").c_str() : "not signed");
  }
  return done();
}

void add_key(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* key = app.add_subcommand("key", "Make keys that packages are signed with")->require_subcommand(1);
  CLI::App* sub = key->add_subcommand("new", "An ed25519 key pair: NAME.pem and NAME.pub.pem\n\nExample: verge key new release");
  sub->add_option("name", options->name, "where to write, without ending")->required();
  commands.push_back({sub, [options] { return new_key(*options); }});
}

}  // namespace

void add_sign(CLI::App& app, Commands& commands) {
  add_key(app, commands);
  auto signing = std::make_shared<SignOptions>();
  CLI::App* sub = app.add_subcommand("sign", "Sign a package: its manifest, and through it every section\n\nExample: verge sign model.vpk --key release.pem");
  sub->add_option("package", signing->package, "a .vpk")->required();
  sub->add_option("--key", signing->key, "the secret key (PEM, ed25519; for --bundle ECDSA)")->required();
  sub->add_option("--bundle", signing->bundle, "write an OpenSSF model signature (Sigstore bundle) of a file or folder here, and leave the model as it is");
  sub->add_option("--certificate", signing->certificate, "with --bundle: the key's X.509 certificate in PEM, then those between it and an authority")
      ->needs("--bundle");
  sub->add_option("-o,--output", signing->output, "where to write (default: in place)");
  commands.push_back({sub, [signing] { return sign(*signing); }});

  auto verifying = std::make_shared<SignOptions>();
  sub = app.add_subcommand("verify", "Check every hash of a package, and with --key who signed it\n\nExample: verge verify model.vpk --key release.pub.pem");
  sub->add_option("package", verifying->package, "a .vpk")->required();
  sub->add_option("--key", verifying->key, "the public key to trust (PEM, ed25519; for --bundle ECDSA)");
  sub->add_option("--bundle", verifying->bundle, "check this OpenSSF model signature of a file or folder instead of the package's own");
  sub->add_option("--authority", verifying->authority, "with --bundle: the certificates to trust (PEM), to which the signer's must lead")->needs("--bundle");
  sub->add_flag("--json", verifying->json, "print the result as JSON");
  commands.push_back({sub, [verifying] { return verify(*verifying); }});
}

}  // namespace verge::cli
