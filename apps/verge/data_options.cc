#include "verge/data_options.h"

#include "os/text_file.h"

namespace verge::cli {

void add_data_options(CLI::App& app, DataOptions& options, bool required) {
  app.add_option("--data", options.path, "samples: a folder, a .tar(.gz), a .zip or an .npz; best one folder a class")->required(required);
  app.add_option("--labels", options.labels_file, "a file of lines \"name label\"");
  app.add_option("--label-regex", options.label_regex, "a pattern whose first group is the label in the file's name");
  app.add_option("--limit", options.limit, "use at most this many samples, evenly spread");
  app.add_option("--bytes-scale", options.bytes_scale, "for .bin samples and a float input: real = scale * (byte - zero point)");
  app.add_option("--bytes-zero-point", options.bytes_zero_point, "see --bytes-scale");
}

Result<std::string> pipeline_text(const std::string& option) {
  if (option.empty() || option[0] == '{') return option;
  VERGE_TRY(std::string text, read_text(option), "--pipeline");
  return text;
}

Result<std::optional<Declaration>> declaration_in_force(const Json& manifest, const std::string& option) {
  if (option.empty() && !manifest.contains("pipeline")) return std::optional<Declaration>();
  Json json = option.empty() ? manifest["pipeline"] : Json();
  if (!option.empty()) {
    VERGE_TRY(const std::string text, pipeline_text(option));
    VERGE_TRY(json, parse_json(text), "--pipeline");
  }
  VERGE_TRY(Declaration out, parse_declaration(json));
  return std::optional<Declaration>(std::move(out));
}

std::vector<std::string> class_names(const Json& manifest) {
  std::vector<std::string> out;
  if (manifest.contains("labels") && manifest["labels"].is_array())
    for (const Json& l : manifest["labels"]) out.push_back(l.is_string() ? l.get<std::string>() : l.dump());
  return out;
}

}  // namespace verge::cli
