// Pages of a search by sort keys: all matches are put in order for the first of them, or the second, alone.
#include "kernel/search/orders.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

struct Paged {
  const House& house;
  Query query;
  PageRequest request;
  size_t reads = 0;
  Paged(const House& in, const std::string& text) : house(in) {
    query = ParseQuery(*in.definitions, in.definitions->FindType("Patient"), text, {}).value();
    request.position = in.Head();
    request.count = 10;
    request.read = [this](view::Ordinal ordinal) {
      ++reads;
      return house.Read(ordinal);
    };
  }
  std::string Next() {
    const auto page = house.index->Search(query, request);
    if (!page.ok()) return page.error().ToString();
    request.cursor = page->next_cursor;
    std::string out;
    for (const view::Ordinal ordinal : page->ordinals)
      out += (out.empty() ? "" : " ") + house.versions.at(ordinal)->id;
    return out;
  }
};

std::string PatientToOrder(int number, const char* gender) {
  return fmt::format(R"({{"resourceType":"Patient","id":"p{:02}","gender":"{}","birthDate":"19{:02}"}})",
                     number, gender, number + 10);
}

TEST(Orders, LaterPagesReadNoTexts) {
  House house;
  for (int i = 0; i < 25; ++i) house.Put(PatientToOrder(24 - i, i % 2 == 0 ? "male" : "female"), 1);
  for (const char* text : {"_sort=_id", "_sort=-_id", "_sort=gender,_id"}) {
    Paged pages(house, text);
    const std::string first = pages.Next();
    EXPECT_GE(pages.reads, 25u) << text;
    pages.reads = 0;
    const std::string second = pages.Next(), third = pages.Next();
    EXPECT_EQ(pages.reads, 0u) << text;
    EXPECT_TRUE(pages.request.cursor.empty());
    EXPECT_EQ((first + " " + second + " " + third).size(), 25 * 4 - 1u) << text;
    if (std::string_view(text) != "_sort=_id") continue;
    EXPECT_EQ(second.substr(0, 7), "p10 p11");
    EXPECT_EQ(third, "p20 p21 p22 p23 p24");
  }
}

TEST(Orders, AreTheSameKeptOrMadeAnew) {
  House house;
  for (int i = 0; i < 35; ++i) house.Put(PatientToOrder(34 - i, i % 3 == 0 ? "male" : "female"), 1);
  for (const char* text : {"_sort=gender,-_id", "_sort=birthdate", "_sort=-birthdate"}) {
    Paged pages(house, text);
    std::string first = pages.Next(), second = pages.Next();
    const std::string cursor = pages.request.cursor, third = pages.Next();
    // As if the order had gone meanwhile: the same page.
    pages.request.cursor = cursor.substr(0, cursor.find('-')) + "-77";
    EXPECT_EQ(pages.Next(), third) << text;
    EXPECT_EQ(pages.Next().size(), 5 * 4 - 1u) << text;
    EXPECT_TRUE(pages.request.cursor.empty());
  }
}

/// Dates of all precisions, many alike, some twice in history, every ninth without one.
void PutDated(House* house, int count) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < count; i += 1 + round * 7) {
      const int at = (i * 37 + round * 11) % 97;
      const std::string day =
          at % 3 == 0   ? fmt::format("19{:02}", 10 + at / 10)
          : at % 3 == 1 ? fmt::format("19{:02}-{:02}", 10 + at / 10, 1 + at % 12)
                        : fmt::format("19{:02}-{:02}-{:02}", 10 + at / 10, 1 + at % 12, 1 + at % 28);
      const std::string birth = i % 9 == 0 ? "" : fmt::format(R"(,"birthDate":"{}")", day);
      house->Put(fmt::format(R"({{"resourceType":"Patient","id":"p{:03}","gender":"{}"{}}})", i,
                             i % 4 == 0 ? "male" : "female", birth),
                 1);
    }
  }
}

TEST(Orders, PagesByADateAreThoseOfTheWholeOrder) {
  House house;
  PutDated(&house, 300);
  for (const char* text : {"_sort=birthdate", "_sort=-birthdate", "gender=male&_sort=birthdate",
                           "_sort=-birthdate,_id", "gender:not=male&_sort=-birthdate"}) {
    Paged whole(house, text), pages(house, text);
    whole.request.count = 1000;
    pages.request.count = 7;
    std::string all;
    do {
      const std::string page = pages.Next();
      all += (all.empty() ? "" : " ") + page;
    } while (!pages.request.cursor.empty());
    EXPECT_EQ(all, whole.Next()) << text;
  }
}

TEST(Orders, AFirstPageByADateLooksAtFewOfAll) {
  House house;
  PutDated(&house, 900);
  const auto candidates = [&](const std::string& text) {
    Paged pages(house, text + "&_explain=true");
    pages.request.count = 5;
    return house.index->Search(pages.query, pages.request)->explanation->candidates;
  };
  EXPECT_LT(candidates("_sort=birthdate"), 100u);
  EXPECT_LT(candidates("_sort=-birthdate"), 100u);
  EXPECT_LT(candidates("gender=female&_sort=birthdate"), 200u);
  // So few match that all of them are sooner put in order.
  EXPECT_GE(candidates("_id=p001&_sort=birthdate"), 1u);
}

TEST(Orders, ATotalIsNotCountedAgainWhereAllWereGathered) {
  House house;
  PutDated(&house, 300);
  const auto candidates = [&](const std::string& text) {
    Paged pages(house, text + "&_explain=true");
    const auto page = house.index->Search(pages.query, pages.request);
    EXPECT_EQ(page->total.value_or(1), 1u) << text;
    return page->explanation->candidates;
  };
  const char* const one = "_id=p001&birthdate=ge1900&_sort=birthdate";
  EXPECT_EQ(candidates(std::string(one) + "&_total=accurate"), candidates(one));
}

TEST(Orders, WhatIsErasedBetweenPagesIsOnNone) {
  House house;
  for (int i = 0; i < 25; ++i)
    house.Put(PatientToOrder(i, "male"), static_cast<view::OwnerNumber>(1 + i % 5));
  Paged pages(house, "_sort=_id");
  EXPECT_EQ(pages.Next().substr(0, 7), "p00 p01");
  house.Erase(1);  // p10, p15, p20
  EXPECT_EQ(pages.Next(), "p11 p12 p13 p14 p16 p17 p18 p19 p21 p22");
  EXPECT_EQ(pages.Next(), "p23 p24");
}

TEST(Orders, OfAnotherViewerAreNotTaken) {
  House house;
  for (int i = 0; i < 25; ++i)
    house.Put(PatientToOrder(i, "male"), static_cast<view::OwnerNumber>(1 + i % 2));
  Paged pages(house, "_sort=_id");
  pages.Next();
  Paged his(house, "_sort=_id");
  his.request.scope = {false, 0, 0, 1};
  his.request.cursor = pages.request.cursor;
  EXPECT_EQ(his.Next(), "p20 p22 p24");  // behind his first ten
  his.request.cursor = "kfffffff-1";
  EXPECT_EQ(his.Next(), "");
}

TEST(Orders, KeepOnlySoMuch) {
  Orders orders;
  const auto of = [](size_t size) {
    auto order = std::make_shared<Orders::Order>();
    order->ordinals.assign(size, 1);
    return order;
  };
  std::vector<uint64_t> handles;
  for (int i = 0; i < 4; ++i) handles.push_back(orders.Keep(of(Orders::kAloneMax)));
  EXPECT_EQ(orders.memory_bytes(), 8 * Orders::kAllMax);
  EXPECT_NE(orders.Find(handles[0], {}, {}), nullptr);
  handles.push_back(orders.Keep(of(Orders::kAloneMax)));
  EXPECT_EQ(orders.memory_bytes(), 8 * Orders::kAllMax);
  EXPECT_NE(orders.Find(handles[0], {}, {}), nullptr);  // asked for since
  EXPECT_EQ(orders.Find(handles[1], {}, {}), nullptr);
  EXPECT_EQ(orders.Find(handles[4], {7, 8}, {}), nullptr);
  for (size_t i = 0; i < Orders::kCountMax; ++i) orders.Keep(of(1));
  EXPECT_EQ(orders.Find(handles[4], {}, {}), nullptr);
  orders.Clear();
  EXPECT_EQ(orders.memory_bytes(), 0u);
}

}  // namespace
}  // namespace tk::search
