// Pages brought in at once instead of one fault at a time during the first inference. Only a hint: where the system does not know it, nothing happens.
#pragma once
#include <cstddef>
#include <cstdint>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace verge {

// Beyond this a model is brought in by the run itself, as far as it reads it.
inline constexpr size_t kMostPrefaulted = size_t{64} << 20;

enum class Access : uint8_t { kRead, kWrite };

// The whole pages within [data, data + bytes).
inline void prefault([[maybe_unused]] const void* data, [[maybe_unused]] size_t bytes, [[maybe_unused]] Access access) {
#if defined(MADV_POPULATE_READ) && defined(MADV_POPULATE_WRITE)
  constexpr uintptr_t kPage = 4096;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kPage - 1) / kPage * kPage, end = (reinterpret_cast<uintptr_t>(data) + bytes) / kPage * kPage;
  if (bytes > kMostPrefaulted || end <= begin) return;
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, access == Access::kRead ? MADV_POPULATE_READ : MADV_POPULATE_WRITE);
#endif
}

}  // namespace verge
