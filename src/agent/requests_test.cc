#include "agent/requests.h"

#include <gtest/gtest.h>

namespace verge::agent {
namespace {

const Bytes kTwo = {2, 0, 0, 0, 7, 8, 0, 0, 0, 0};

TEST(Requests, AreTheSameWhereverTheStreamIsCut) {
  for (size_t cut = 0; cut <= kTwo.size(); ++cut) {
    Requests requests;
    std::vector<Bytes> got;
    for (const ByteSpan piece : {ByteSpan(kTwo).first(cut), ByteSpan(kTwo).subspan(cut)}) {
      requests.add(piece);
      for (auto next = requests.next(); next.ok() && *next; next = requests.next()) got.push_back(Bytes((*next)->begin(), (*next)->end()));
    }
    EXPECT_EQ(got, (std::vector<Bytes>{{7, 8}, {}})) << "cut at " << cut;
  }
}

TEST(Requests, RefuseAnAnnouncementBeyondTheLimit) {
  Requests requests;
  const Bytes huge = {1, 0, 0, 4};
  requests.add(huge);
  EXPECT_EQ(requests.next().error().code(), Code::kBudget);
}

}  // namespace
}  // namespace verge::agent
