// Devices by query: "hardware=aarch64,label.site=berlin|bonn,id!=test-*".
//
// Terms joined by commas must all hold. A term is KEY=PATTERN or KEY!=PATTERN; a pattern is texts joined by '|', in which '*' stands for any characters.
// Keys: id, hardware, health, state, version, drift and silent (yes or no), label.NAME. A device without the label has the empty text there.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::fleet {

// What a query can ask of a device.
struct Facts {
  std::string id, hardware, health, state;
  int64_t version = 0;
  bool drifted = false, silent = false;
  std::map<std::string, std::string> labels;

  std::string value(const std::string& key) const;
};

class Group {
 public:
  // The empty text is every device. kInvalidArgument names the term that is none.
  static Result<Group> parse(const std::string& text);
  bool holds(const Facts& device) const;
  bool everyone() const { return terms_.empty(); }

 private:
  struct Term {
    std::string key;
    bool wanted = true;
    std::vector<std::string> patterns;
  };
  std::vector<Term> terms_;
};

}  // namespace verge::fleet
