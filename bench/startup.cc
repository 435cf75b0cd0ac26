// Opens a package, makes a session, runs; prints what it took, one line of JSON. Linked to the device runtime alone (libverge_rt).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "verge/verge.hpp"

namespace {

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// A line of /proc/self/status in KiB, as bytes.
long status_bytes(const char* key) {
  char line[256];
  long kib = 0;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  while (file && std::fgets(line, sizeof line, file))
    if (std::strncmp(line, key, std::strlen(key)) == 0) kib = std::strtol(line + std::strlen(key), nullptr, 10);
  if (file) std::fclose(file);
  return kib * 1024;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("startup MODEL.vpk [RUNS]\n", stderr), 2;
  const int runs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 50;
  const double start = now_ms();
  verge::Model model(argv[1]);
  verge::Session session(model);
  const double open_ms = now_ms() - start;
  std::vector<double> times;
  for (int i = 0; i <= runs; ++i) {
    const double begin = now_ms();
    session.run();
    times.push_back(now_ms() - begin);
  }
  const double first_ms = times[0];
  std::sort(times.begin() + 1, times.end());
  std::printf("{\"open_ms\": %.3f, \"first_ms\": %.3f, \"warm_ms\": %.3f, \"peak_bytes\": %ld, \"file_bytes_resident\": %ld}\n", open_ms, first_ms, times[1 + times.size() / 2], status_bytes("VmHWM:"),
              status_bytes("RssFile:"));
}
