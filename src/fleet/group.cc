#include "fleet/group.h"

#include <algorithm>

#include "core/text.h"

namespace verge::fleet {
namespace {

constexpr size_t kMostText = 512;

// '*' stands for any characters; linear in the text for each star.
bool matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_key(const std::string& key) {
  static constexpr std::string_view kKeys[] = {"id", "hardware", "health", "state", "version", "drift", "silent"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys) || (starts_with(key, "label.") && key.size() > 6);
}

}  // namespace

std::string Facts::value(const std::string& key) const {
  if (key == "id") return id;
  if (key == "hardware") return hardware;
  if (key == "health") return health;
  if (key == "state") return state;
  if (key == "version") return std::to_string(version);
  if (key == "drift") return drifted ? "yes" : "no";
  if (key == "silent") return silent ? "yes" : "no";
  const auto label = labels.find(key.substr(std::min<size_t>(6, key.size())));
  return label == labels.end() ? "" : label->second;
}

Result<Group> Group::parse(const std::string& text) {
  Group out;
  if (text.empty()) return out;
  if (text.size() > kMostText) return invalid("a query has at most 512 characters");
  for (const std::string& part : split(text, ',')) {
    const size_t equals = part.find('=');
    const bool wanted = equals == std::string::npos || equals == 0 || part[equals - 1] != '!';
    const std::string key = equals == std::string::npos ? part : part.substr(0, equals - (wanted ? 0 : 1));
    if (equals == std::string::npos || !is_key(key))
      return invalid("'" + part +
                     "' is no term of a query; write KEY=PATTERN or KEY!=PATTERN, with id, hardware, health, state, version, drift, silent or label.NAME");
    out.terms_.push_back({key, wanted, split(part.substr(equals + 1), '|')});
  }
  return out;
}

bool Group::holds(const Facts& device) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const std::string value = device.value(term.key);
    return term.wanted == std::any_of(term.patterns.begin(), term.patterns.end(), [&](const std::string& p) { return matches(p, value); });
  });
}

}  // namespace verge::fleet
