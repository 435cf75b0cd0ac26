#include "data/keywords.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/wav_file.h"
#include "os/subprocess.h"

namespace verge::data {
namespace {

using testing::HasSubstr;

#define VERGE_NEED_SPEAKER() \
  if (!run_to_end({"espeak-ng", "--version"}).ok()) GTEST_SKIP() << "skipped: no espeak-ng in PATH (Debian: apt-get install espeak-ng)"

float loudness(const std::vector<float>& x, size_t first, size_t last) {
  float squares = 0;
  for (size_t i = first; i < last; ++i) squares += x[i] * x[i];
  return std::sqrt(squares / static_cast<float>(last - first));
}

// The loudest tenth of a second over the mean.
float unevenness(const std::vector<float>& x) {
  constexpr size_t kTenth = kKeywordFrequency / 10;
  float most = 0;
  for (size_t i = 0; i + kTenth <= x.size(); i += kTenth) most = std::max(most, loudness(x, i, i + kTenth));
  return most / loudness(x, 0, x.size());
}

TEST(Keywords, TheSameSeedSaysTheSameInTheSameVoice) {
  VERGE_NEED_SPEAKER();
  const auto a = make_keyword("left", 7, {}), b = make_keyword("left", 7, {}), c = make_keyword("left", 8, {}),
             other = make_keyword("left", 7, {.held_out = true});
  ASSERT_TRUE(a.ok()) << a.error().message();
  ASSERT_TRUE(b.ok() && c.ok() && other.ok());
  EXPECT_EQ(*a, *b);
  EXPECT_NE(*a, *c);
  EXPECT_NE(*a, *other);
  EXPECT_EQ(a->size(), static_cast<size_t>(kKeywordSamples));
}

TEST(Keywords, AWordIsHeardAboveItsRoomAndSilenceIsEven) {
  VERGE_NEED_SPEAKER();
  for (const std::string& kind : keyword_classes())
    for (uint64_t seed = 0; seed < 3; ++seed) {
      const auto x = make_keyword(kind, seed, {});
      ASSERT_TRUE(x.ok()) << x.error().message();
      EXPECT_TRUE(std::all_of(x->begin(), x->end(), [](float v) { return v >= -1 && v <= 1; })) << kind << " " << seed;
      if (kind == "silence")
        EXPECT_LT(unevenness(*x), 1.3f) << seed;
      else
        EXPECT_GT(unevenness(*x), 1.3f) << kind << " " << seed;
    }
}

TEST(Keywords, WithoutTheProgramTheErrorSaysHowToInstallIt) {
  const auto x = make_keyword("yes", 1, {.speaker = "no-such-speaker"});
  ASSERT_FALSE(x.ok());
  EXPECT_THAT(x.error().message(), HasSubstr("apt-get install espeak-ng"));
}

TEST(Keywords, AProgramThatFailsOrSaysNothingIsAnError) {
  const auto fails = make_keyword("yes", 1, {.speaker = "false"}), mute = make_keyword("yes", 1, {.speaker = "true"});
  ASSERT_FALSE(fails.ok());
  EXPECT_THAT(fails.error().message(), HasSubstr("ended with 1 when told to say 'yes'"));
  EXPECT_FALSE(mute.ok());
}

TEST(Keywords, AnUnknownClassAndACountOutOfRangeAreRefused) {
  EXPECT_THAT(make_keyword("maybe", 1, {}).error().message(), HasSubstr("known: yes, no"));
  EXPECT_FALSE(write_keyword_set("/nonexistent", 0, 1, {}).ok());
}

TEST(WavFile, WhatIsWrittenIsRead) {
  const std::vector<float> samples = {0, 0.5f, -0.5f, 1, -1, 2};
  const auto back = streamed_wav(wav_of(samples, 4096));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->rate, 4096);
  ASSERT_EQ(back->samples.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) EXPECT_NEAR(back->samples[i], std::min(samples[i], 1.0f), 1.0f / 32767) << i;
}

TEST(WavFile, EveryTruncationOfTheHeaderIsAnError) {
  const Bytes whole = wav_of({0.1f, 0.2f}, 8000);
  for (size_t size = 0; size < 44; ++size) EXPECT_FALSE(streamed_wav({whole.data(), size}).ok()) << size;
  Bytes stereo = whole;
  stereo[22] = 2;
  EXPECT_THAT(streamed_wav(stereo).error().message(), HasSubstr("2 channels"));
}

}  // namespace
}  // namespace verge::data
