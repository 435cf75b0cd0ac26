// Keras models -> Graph: .h5 and .hdf5 files of whole models (Keras 2), .keras archives (Keras 3). Sequential and functional models of the layers in
// layers.inc; docs/importing.md has what is refused.
#pragma once
#include "core/bytes.h"
#include "core/result.h"
#include "formats/format.h"
#include "ir/graph.h"

namespace verge::formats::keras {

bool looks_like_h5(ByteSpan bytes);
bool looks_like_archive(ByteSpan bytes);

// Fails with kCorrupt for damaged files, kUnsupported with every layer that has no translation.
Result<Graph> import_h5(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes = nullptr);
Result<Graph> import_archive(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes = nullptr);

}  // namespace verge::formats::keras
