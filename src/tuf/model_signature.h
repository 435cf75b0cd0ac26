// OpenSSF Model Signing v1.0: a detached signature of a model's files that other tools check too (PyPI model-signing), with ECDSA keys.
//
// A Sigstore bundle holds a DSSE envelope around an in-toto statement, which lists each file with its SHA-256.
#pragma once
#include <string>

#include "core/result.h"

namespace verge::tuf {

// The bundle for a file or a folder. `signature` is where it will lie: left out when that is inside the folder. Keys are PEM: P-256, P-384 or P-521.
// `chain_pem`: the key's certificate and those between it and an authority, which then go into the bundle; empty: the bundle names the key.
Result<std::string> sign_model(const std::string& path, const std::string& signature, const std::string& secret_pem, const std::string& chain_pem = "");

// kIntegrity names the file that was changed, added or removed, or says that the signature is another key's. kUnsupported for shards and other hashes than SHA-256.
Result<void> verify_model(const std::string& path, const std::string& signature, const std::string& bundle, const std::string& public_pem);

// The same for a bundle with certificates, which must lead to one of `authorities_pem` and allow signing. A bundle tells no trusted time: as PyPI's
// model-signing does, certificates are judged at the moment from which the signer's was valid.
Result<void> verify_model_by_authority(const std::string& path, const std::string& signature, const std::string& bundle, const std::string& authorities_pem);

}  // namespace verge::tuf
