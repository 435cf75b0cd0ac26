#include "lower/residency.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/prefault.h"
#include "core/text.h"
#include "os/text_file.h"

namespace verge {
namespace {

uintptr_t page() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

void advise(uintptr_t begin, uintptr_t end, int advice) { (void)::madvise(reinterpret_cast<void*>(begin), end - begin, advice); }

std::atomic<uint64_t> limit{0};

// Bytes of this process that are in memory now.
uint64_t resident_bytes() {
  const Result<std::string> text = read_text("/proc/self/statm");
  const std::vector<std::string> words = split(text.ok() ? *text : "", ' ');
  return words.size() < 2 ? 0 : std::strtoull(words[1].c_str(), nullptr, 10) * page();
}

struct Mapping {
  uintptr_t begin = 0, end = 0;
  std::string rights;  // "r-xp"
};

// Those of files: /proc/self/maps has lines "BEGIN-END r--p OFFSET DEVICE INODE PATH".
std::vector<Mapping> mapped_files() {
  const Result<std::string> text = read_text("/proc/self/maps");
  std::vector<Mapping> out;
  for (const std::string& line : split(text.ok() ? *text : "", '\n')) {
    unsigned long begin = 0, end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) == 3 && line.find('/') != std::string::npos) out.push_back({begin, end, rights});
  }
  return out;
}

// Never written, so that pages that are let go come back as they were.
bool is_mapped_file(const std::vector<Mapping>& files, const void* data) {
  const auto at = reinterpret_cast<uintptr_t>(data);
  return std::any_of(files.begin(), files.end(), [&](const Mapping& m) { return m.begin <= at && at < m.end && m.rights[1] == '-'; });
}

// What starting took of the program's code is for the most part not wanted again.
void let_go_of_code(const std::vector<Mapping>& files) {
  for (const Mapping& m : files)
    if (m.rights == "r-xp") advise(m.begin, m.end, MADV_DONTNEED);
}

}  // namespace

uint64_t Residency::Layer::bytes() const {
  uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.bytes();
  return sum;
}

Residency::Layer Residency::layer_of(const rt::Model& model, uint32_t instruction) {
  Layer layer;
  const rt::InstructionRecord& record = model.instruction(instruction);
  for (uint32_t i = 0; i < record.in_count; ++i) {
    const uint32_t tensor = model.args(instruction)[i];
    if (tensor == rt::kNoTensor || model.tensor(tensor).section != static_cast<uint8_t>(rt::Section::kConst)) continue;
    const TensorView view = model.describe(tensor);
    const auto begin = reinterpret_cast<uintptr_t>(view.data), end = begin + view.bytes();
    if (end > begin) layer.ranges.push_back({begin / page() * page(), (end + page() - 1) / page() * page()});
  }
  return layer;
}

void set_memory_limit(uint64_t bytes) { limit = bytes; }
uint64_t memory_limit() { return limit; }

Result<std::unique_ptr<Residency>> Residency::within_limit(const rt::Model& model, ByteSpan program, uint64_t session_bytes) {
  constexpr uint64_t kBesides = 4 << 20;  // code that runs, and what they need beside the session
  if (limit == 0) return std::unique_ptr<Residency>();
  const std::vector<Mapping> files = mapped_files();
  if (!is_mapped_file(files, program.data())) return std::unique_ptr<Residency>();
  let_go_of_code(files);
  advise(reinterpret_cast<uintptr_t>(program.data()) / page() * page(), reinterpret_cast<uintptr_t>(program.data() + program.size()), MADV_DONTNEED);
  const uint64_t most = limit, process = resident_bytes() + kBesides, before = process + session_bytes;
  Result<Residency> made = create(model, program, most > before ? most - before : 0);
  if (made.ok()) return std::make_unique<Residency>(*std::move(made));
  const auto text = [](uint64_t bytes) { return human_bytes(static_cast<double>(bytes)); };
  return std::move(made).error().within("a limit of " + text(most) + " is too little: the program itself has " + text(process) + ", the session " + text(session_bytes));
}

Result<Residency> Residency::create(const rt::Model& model, ByteSpan program, uint64_t budget) {
  Residency out;
  uint64_t largest = 0, stays = 0;
  size_t where = 0;
  for (uint32_t i = 0; i < model.instruction_count(); ++i) {
    out.layers_.push_back(layer_of(model, i));
    if (out.layers_.back().bytes() > largest) largest = out.layers_.back().bytes(), where = i;
  }
  if (largest > budget)
    return Error(Code::kBudget, "its largest layer '" + std::string(model.instruction_name(where)) + "' has weights of " + human_bytes(static_cast<double>(largest)) + ", and " +
                                    human_bytes(static_cast<double>(budget)) + " are left for them");
  for (Layer& layer : out.layers_) {
    layer.stays = stays + layer.bytes() + largest <= budget;
    if (layer.stays) stays += layer.bytes();
  }
  return out;
}

void Residency::step(uint32_t instruction, bool begin) const {
  const Layer& layer = layers_[instruction];
  if (!begin) {
    for (const Range& range : layer.ranges)
      if (!layer.stays) advise(range.begin, range.end, MADV_DONTNEED);
    return;
  }
  if (layer.stays) return;
  for (const Range& range : layer.ranges) prefault(reinterpret_cast<const void*>(range.begin), range.bytes(), Access::kRead);
  const auto next = std::find_if(layers_.begin() + instruction + 1, layers_.end(), [](const Layer& l) { return !l.ranges.empty() && !l.stays; });
  if (next == layers_.end()) return;
  for (const Range& range : next->ranges) advise(range.begin, range.end, MADV_WILLNEED);
}

}  // namespace verge
