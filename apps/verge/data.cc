#include <cstdio>

#include "data/heart.h"
#include "data/inspection.h"
#include "data/keywords.h"
#include "data/scenes.h"
#include "data/vibration.h"
#include "verge/command.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  std::string output;
  int count = 1000;
  uint64_t seed = 1;
  int size = 64;
  int seconds = 300;
  data::KeywordOptions keywords;
};

Result<void> make_inspection(const Options& o) {
  data::InspectionOptions inspection;
  inspection.size = o.size;
  {
    ProgressLine line;
    VERGE_CHECK(data::write_inspection_set(o.output, o.count, o.seed, inspection, [&](int made) {
      if (made % 50 == 0 || made == o.count) line.show("rendering", static_cast<double>(made) / o.count);
    }));
  }
  std::printf("%d pictures of %dx%d in %s\n", o.count, o.size, o.size, o.output.c_str());
  return done();
}

Result<void> make_scenes(const Options& o) {
  {
    ProgressLine line;
    VERGE_CHECK(data::write_scenes(o.output, o.count, o.seed, {o.size}, [&](int made) {
      if (made % 50 == 0 || made == o.count) line.show("rendering", static_cast<double>(made) / o.count);
    }));
  }
  std::printf("%d pictures of %dx%d with boxes in %s\n", o.count, o.size, o.size, o.output.c_str());
  return done();
}

Result<void> make_heart(const Options& o) {
  VERGE_CHECK(data::write_heart_set(o.output, o.count, o.seconds, o.seed));
  std::printf("%d recordings of %d seconds in %s\n", o.count, o.seconds, o.output.c_str());
  return done();
}

Result<void> make_vibration(const Options& o) {
  VERGE_CHECK(data::write_vibration_set(o.output, o.count, o.seed));
  std::printf("%d recordings of %d samples at %d Hz in %s\n", o.count, data::kVibrationSamples, data::kVibrationFrequency, o.output.c_str());
  return done();
}

Result<void> make_keywords(const Options& o) {
  {
    ProgressLine line;
    VERGE_CHECK(data::write_keyword_set(o.output, o.count, o.seed, o.keywords, [&](int made) {
      line.show("speaking", static_cast<double>(made) / o.count);
    }));
  }
  std::printf("%d recordings of a second at %d Hz in %s\n", o.count, data::kKeywordFrequency, o.output.c_str());
  return done();
}

// What every set has.
void add_common(CLI::App& set, const std::shared_ptr<Options>& options, int count, const char* what) {
  set.add_option("--count", options->count, std::string("how many ") + what)->default_val(count)->check(CLI::Range(1, 10000000));
  set.add_option("--seed", options->seed, "same seed, same data")->default_val(1);
  set.add_option("-o,--output", options->output, "the folder to fill")->required();
}

}  // namespace

void add_data(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("data", "Make labelled data");
  sub->require_subcommand(1);
  CLI::App* make = sub->add_subcommand("make", "Render a data set")->require_subcommand(1);
  CLI::App* inspection = make->add_subcommand("inspection", "Pictures of surfaces, good and with defects, one folder a class\n\nExample: verge data make inspection --count 1000 -o pictures");
  add_common(*inspection, options, 1000, "pictures");
  inspection->add_option("--size", options->size, "pixels a side")->default_val(64)->check(CLI::Range(16, 1024));
  commands.push_back({inspection, [options] { return make_inspection(*options); }});
  auto of_hearts = std::make_shared<Options>();
  CLI::App* heart = make->add_subcommand("heart", "Made-up heart recordings, every beat annotated\n\nExample: verge data make heart --count 40 -o records");
  add_common(*heart, of_hearts, 40, "recordings");
  heart->add_option("--seconds", of_hearts->seconds, "length of each")->default_val(300);
  commands.push_back({heart, [of_hearts] { return make_heart(*of_hearts); }});
  auto of_scenes = std::make_shared<Options>();
  CLI::App* scenes = make->add_subcommand("scenes", "Pictures of machine parts with a box around each, for detectors\n\nExample: verge data make scenes --count 1000 -o scenes");
  add_common(*scenes, of_scenes, 1000, "pictures");
  scenes->add_option("--size", of_scenes->size, "pixels a side")->default_val(96)->check(CLI::Range(16, 1024));
  commands.push_back({scenes, [of_scenes] { return make_scenes(*of_scenes); }});
  auto of_machines = std::make_shared<Options>();
  CLI::App* vibration = make->add_subcommand("vibration", "Made-up vibrations of machines, sound and with faults, one folder a state\n\nExample: verge data make vibration --count 1000 -o machines");
  add_common(*vibration, of_machines, 1000, "recordings");
  commands.push_back({vibration, [of_machines] { return make_vibration(*of_machines); }});
  auto of_voices = std::make_shared<Options>();
  CLI::App* keywords = make->add_subcommand("keywords", "Ten spoken words, other words and silence, by the voices of espeak-ng, one folder a word\n\nExample: verge data make keywords --count 600 -o words");
  add_common(*keywords, of_voices, 1200, "recordings");
  keywords->add_flag("--held-out", of_voices->keywords.held_out, "speakers and unknown words that a set without this never has");
  keywords->add_option("--speaker", of_voices->keywords.speaker, "the program espeak-ng, where it is not in PATH");
  commands.push_back({keywords, [of_voices] { return make_keywords(*of_voices); }});
}

}  // namespace verge::cli
