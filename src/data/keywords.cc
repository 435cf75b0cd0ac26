#include "data/keywords.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/text.h"
#include "data/random.h"
#include "data/wav_file.h"
#include "os/file.h"
#include "os/subprocess.h"
#include "os/thread_pool.h"

namespace verge::data {
namespace {

constexpr int kMostRecordings = 1'000'000;
constexpr int kBlock = 128, kSpeakersAtOnce = 16;  // recordings; a speaking program takes a tenth of a second and mostly sleeps
constexpr float kPi = 3.14159265f;
constexpr const char* kUnknown = "unknown";
constexpr const char* kSilence = "silence";

// Of espeak-ng's own: how English is spoken, and by whom.
constexpr const char* kAccents[] = {"en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"};
constexpr const char* kSpeakers[] = {
    "m1",      "m2",     "m3",       "m4",       "m5",    "m6",    "f1",      "f2",   "f3",     "Andy",        "Alex",    "Alicia",  "Annie",  "Denis",
    "Diogo",   "Gene",   "Henrique", "Hugo",     "Jacky", "Mario", "Michael", "Mike", "Nguyen", "RicishayMax", "Storm",   "Tweaky",  "adam",   "anika",
    "antonio", "aunty",  "belinda",  "benjamin", "boris", "caleb", "david",   "ed",   "edward", "grandma",     "grandpa", "gustave", "iven",   "john",
    "linda",   "michel", "miguel",   "norbert",  "pablo", "paul",  "quincy",  "rob",  "robert", "sandro",      "shelby",  "travis",  "victor", "zac"};
constexpr const char* kOtherSpeakers[] = {"m7", "m8", "f4", "f5", "Andrea", "Lee", "Marco", "steph", "max", "pedro"};

constexpr const char* kWords[] = {
    "bed",   "bird",  "cat",   "dog",   "happy", "house", "Marvin", "Sheila", "tree", "wow",   "zero",   "one",   "two",   "three", "four", "five",  "six",
    "seven", "eight", "nine",  "often", "door",  "light", "gold",   "note",   "yet",  "cup",   "town",   "gone",  "lift",  "step",  "top",  "ride",  "us",
    "low",   "own",   "drive", "ball",  "call",  "far",   "fall",   "give",   "good", "hand",  "hat",    "head",  "hot",   "job",   "just", "keep",  "kind",
    "last",  "late",  "leg",   "life",  "like",  "line",  "long",   "look",   "love", "man",   "men",    "mine",  "more",  "most",  "move", "must",  "name",
    "near",  "need",  "next",  "night", "not",   "now",   "nut",    "old",    "once", "out",   "over",   "pan",   "part",  "past",  "pet",  "pick",  "pull",
    "push",  "put",   "rain",  "read",  "red",   "rest",  "road",   "roll",   "room", "round", "row",    "run",   "safe",  "said",  "same", "sat",   "say",
    "sea",   "see",   "sell",  "send",  "set",   "shoe",  "show",   "sit",    "sky",  "slow",  "small",  "snow",  "so",    "some",  "soon", "south", "stand",
    "star",  "stay",  "stock", "stone", "stuff", "such",  "sun",    "take",   "talk", "tall",  "tap",    "ten",   "test",  "that",  "then", "they",  "thin",
    "thing", "this",  "those", "time",  "toe",   "told",  "tooth",  "try",    "turn", "under", "upper",  "use",   "very",  "wait",  "walk", "wall",  "want",
    "warm",  "watch", "water", "way",   "week",  "well",  "went",   "west",   "wet",  "what",  "when",   "where", "white", "who",   "why",  "wide",  "wife",
    "will",  "win",   "wish",  "with",  "wood",  "word",  "work",   "yard",   "year", "yell",  "yellow", "young"};
constexpr const char* kOtherWords[] = {"backward", "forward", "follow", "learn", "visual", "window", "grow", "less",  "nose",
                                       "shop",     "laugh",   "cough",  "dawn",  "bright", "open",   "cold", "until", "apple"};

template <size_t N> const char* one_of(const char* const (&list)[N], Random& random) { return list[static_cast<size_t>(random.below(static_cast<int>(N)))]; }

Error without_speaker(const Error& error, const std::string& program) {
  if (error.code() != Code::kNotFound) return error;
  return not_found("keywords are spoken by espeak-ng, and there is no '" + program + "' in PATH: install it (Debian: apt-get install espeak-ng)");
}

Result<Recording> spoken(const std::string& word, Random& random, const KeywordOptions& o) {
  const std::string accent = one_of(kAccents, random), speaker = o.held_out ? one_of(kOtherSpeakers, random) : one_of(kSpeakers, random);
  const int words_a_minute = 110 + random.below(110), pitch = 15 + random.below(70);
  const auto run = run_to_end({o.speaker, "--stdout", "-v", accent + "+" + speaker, "-s", std::to_string(words_a_minute), "-p", std::to_string(pitch), word});
  if (!run.ok()) return without_speaker(run.error(), o.speaker);
  if (run->end.exit_code != 0)
    return io_error("'" + o.speaker + "' ended with " + std::to_string(run->end.exit_code) + " when told to say '" + word + "': " + run->end.words);
  return streamed_wav({reinterpret_cast<const uint8_t*>(run->output.data()), run->output.size()});
}

// Without the silence before and behind it.
std::span<const float> core_of(const std::vector<float>& samples) {
  float peak = 0;
  for (float s : samples) peak = std::max(peak, std::fabs(s));
  const auto loud = [&](float s) { return std::fabs(s) > 0.01f * peak; };
  const auto first = std::find_if(samples.begin(), samples.end(), loud);
  const auto last = std::find_if(samples.rbegin(), samples.rend(), loud).base();
  return first < last ? std::span<const float>(first, last) : std::span<const float>();
}

// At `step` samples of the original apart, through a low pass at 0.45 of the new rate: a windowed sinc.
std::vector<float> resampled(std::span<const float> x, float step) {
  constexpr int kZeros = 8;
  const float cutoff = 0.9f / std::max(1.0f, step), reach = kZeros / cutoff;
  std::vector<float> out;
  for (float at = 0; at < static_cast<float>(x.size()); at += step) {
    const auto first = static_cast<long>(std::max(0.0f, std::ceil(at - reach))),
               last = std::min(static_cast<long>(x.size()) - 1, static_cast<long>(at + reach));
    float sum = 0;
    for (long i = first; i <= last; ++i) {
      const float d = static_cast<float>(i) - at, phase = kPi * cutoff * d;
      sum += x[static_cast<size_t>(i)] * (d == 0 ? 1 : std::sin(phase) / phase) * (0.5f + 0.5f * std::cos(kPi * d / reach));
    }
    out.push_back(cutoff * sum);
  }
  return out;
}

float root_mean_square(const std::vector<float>& x) {
  float squares = 0;
  for (float v : x) squares += v * v;
  return std::sqrt(squares / static_cast<float>(std::max<size_t>(1, x.size())));
}

// Adds one wall's answer.
void add_echo(std::vector<float>& x, Random& random) {
  const auto delay = static_cast<size_t>(random.between(0.01f, 0.06f) * kKeywordFrequency);
  const float share = random.between(0, 0.4f);
  for (size_t i = delay; i < x.size(); ++i) x[i] += share * x[i - delay];
}

// From hiss to rumble, with a tone of the mains.
void add_noise(std::vector<float>& x, float level, Random& random) {
  const float dull = random.between(0, 0.95f), bright = std::sqrt(1 - dull * dull);
  const float hum = random.chance(0.5f) ? random.between(0, level) : 0, turn = 2 * kPi * static_cast<float>(random.chance(0.5f) ? 50 : 60) / kKeywordFrequency;
  float before = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    before = dull * before + bright * random.bell();
    x[i] += level * before + hum * std::sin(turn * static_cast<float>(i % kKeywordFrequency));
  }
}

Result<std::vector<float>> word_in_a_second(const std::string& word, Random& random, const KeywordOptions& o) {
  VERGE_TRY(const Recording voice, spoken(word, random, o));
  const float throat = random.between(0.92f, 1.08f);  // longer and shorter ones than the synthesiser's
  const std::vector<float> speech = resampled(core_of(voice.samples), throat * static_cast<float>(voice.rate) / kKeywordFrequency);
  if (speech.empty()) return io_error("'" + o.speaker + "' said nothing when told to say '" + word + "'");
  const float loudness = random.between(0.03f, 0.15f) / root_mean_square(speech);
  const int room = kKeywordSamples - static_cast<int>(speech.size());
  const int begin = room > 0 ? random.below(room + 1) : room / 2;  // what is longer than a second loses both ends
  std::vector<float> out(kKeywordSamples);
  for (int i = 0; i < static_cast<int>(speech.size()); ++i)
    if (begin + i >= 0 && begin + i < kKeywordSamples) out[static_cast<size_t>(begin + i)] = loudness * speech[static_cast<size_t>(i)];
  add_echo(out, random);
  return out;
}

// The classes in turn.
Result<void> write_keyword(const std::string& dir, int i, uint64_t seed, const KeywordOptions& options) {
  const auto& classes = keyword_classes();
  const int kinds = static_cast<int>(classes.size()), number = i / kinds;
  const std::string& kind = classes[static_cast<size_t>(i % kinds)];
  VERGE_TRY(const std::vector<float> recording, make_keyword(kind, mix(seed) + static_cast<uint64_t>(number), options));
  return write_file(format("%s/%s/%04d.wav", dir.c_str(), kind.c_str(), number), wav_of(recording, kKeywordFrequency));
}

}  // namespace

const std::vector<std::string>& keyword_classes() {
  static const std::vector<std::string> kAll = {"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", kUnknown, kSilence};
  return kAll;
}

Result<std::vector<float>> make_keyword(const std::string& kind, uint64_t seed, const KeywordOptions& options) {
  const auto& classes = keyword_classes();
  const auto place = std::find(classes.begin(), classes.end(), kind) - classes.begin();
  if (place == static_cast<long>(classes.size())) return invalid("no keyword class '" + kind + "'; known: " + join(classes, ", "));
  Random random(mix(mix(seed) + static_cast<uint64_t>(2 * place + options.held_out)));
  std::vector<float> out(kKeywordSamples);
  if (kind != kSilence) {
    const std::string word = kind != kUnknown ? kind : options.held_out ? one_of(kOtherWords, random) : one_of(kWords, random);
    VERGE_TRY(out, word_in_a_second(word, random, options));
  }
  const float loudness = kind == kSilence ? random.between(0.01f, 0.1f) : root_mean_square(out);
  add_noise(out, loudness * random.between(0.01f, 0.25f), random);
  for (float& s : out) s = std::clamp(s, -1.0f, 1.0f);
  return out;
}

Result<void> write_keyword_set(const std::string& dir, int count, uint64_t seed, const KeywordOptions& options, const std::function<void(int done)>& progress) {
  if (count < 1 || count > kMostRecordings) return invalid(format("%d recordings: wanted 1 to %d", count, kMostRecordings));
  const auto& classes = keyword_classes();
  for (size_t i = 0; i < classes.size() && static_cast<int>(i) < count; ++i) VERGE_CHECK(make_directories(dir + "/" + classes[i]));
  ThreadPool pool(kSpeakersAtOnce);
  const ParallelFor parallel = pool.parallel_for();
  for (int first = 0; first < count; first += kBlock) {
    const int size = std::min(kBlock, count - first);
    std::vector<Result<void>> written(static_cast<size_t>(size), done());
    parallel.each(static_cast<size_t>(size), [&](size_t i) { written[i] = write_keyword(dir, first + static_cast<int>(i), seed, options); });
    for (const Result<void>& w : written) VERGE_CHECK(w);
    if (progress) progress(first + size);
  }
  return done();
}

}  // namespace verge::data
