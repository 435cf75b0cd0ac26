// Another program with a pipe to it or from it. It has a process group of its own, so Ctrl-C in the terminal reaches this process alone, which then ends the
// other in order. What it says on its standard error is kept for the error in words.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace verge {

class Subprocess {
 public:
  enum class Pipe : uint8_t { kFromIt, kToIt };  // its standard output, its standard input

  // `command[0]` is looked up in PATH; kNotFound when it is not there.
  static Result<Subprocess> start(const std::vector<std::string>& command, Pipe pipe);
  Subprocess(Subprocess&&) noexcept;
  Subprocess& operator=(Subprocess&&) noexcept;
  ~Subprocess();  // ends it where it still runs

  // Waits for `size` bytes; fewer only where the other side closed before.
  Result<size_t> read(uint8_t* to, size_t size);
  // kIo when the other side ended before it took all.
  Result<void> write(ByteSpan bytes);

  struct End {
    int exit_code = 0;  // 128 + the signal's number, as shells have it
    std::string words;  // of its standard error
  };
  // Closes the pipe and waits for its end.
  End wait();
  // Waits until each of its threads sleeps and it has taken what was written, a second at most: what it began is done then. For measurements.
  void wait_until_idle() const;

 private:
  struct State;
  explicit Subprocess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Starts, reads all that it writes to standard output, and waits.
struct Finished {
  Subprocess::End end;
  std::string output;
};
Result<Finished> run_to_end(const std::vector<std::string>& command);

}  // namespace verge
