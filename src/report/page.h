// What every report is: one HTML page in one style, that asks for nothing outside.
#pragma once
#include <string>

namespace verge::page {

std::string escape(const std::string& text);
// `body` is HTML, `title` text.
std::string html(const std::string& title, const std::string& body);

}  // namespace verge::page
