// What every official example says must find it. The questions are drawn by tests/oracle/draw.mjs: fhirpath.js evaluates R4's own expressions, so that a
// parameter of which the extraction hears nothing, or not all, is asked all the same.
#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/file.h"
#include "kernel/search/test_house.h"

namespace tk::search {

struct DrawnQuestion {
  std::string id, parameter, query;
};
struct Drawn {
  std::vector<std::string> files;
  std::map<std::string, std::vector<DrawnQuestion>> by_type;
};

/// A shard of all examples; of R4's own definitions, which are four fifths of them, each `every`-th.
inline Drawn DrawQuestions(const std::string& examples, int shard, int shards, int every) {
  const std::string command = fmt::format("node '{}/tests/oracle/draw.mjs' '{}' {} {} {}", TK_SOURCE_DIR,
                                          examples, shard, shards, every);
  Drawn out;
  std::string text;
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (pipe == nullptr) return out;
  char block[65536];
  for (size_t got; (got = std::fread(block, 1, sizeof block, pipe.get())) > 0;) text.append(block, got);
  if (::pclose(pipe.release()) != 0) return out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    std::string parts[4];
    for (size_t i = 0, from = at; i < 4 && from <= end; ++i) {
      const size_t to = std::min(text.find('\t', from), end);
      parts[i] = text.substr(from, to - from);
      from = to + 1;
    }
    if (parts[0] == "+")
      out.files.push_back(parts[1]);
    else
      out.by_type[parts[0]].push_back({parts[1], parts[2], parts[3]});
    at = end + 1;
  }
  return out;
}

/// Asks each question once for all that must be found by it, and some of them with the id besides, when the other way of asking is taken.
inline size_t AskDrawn(const House& house, const std::string& type,
                       const std::vector<DrawnQuestion>& questions, std::map<std::string, size_t>* failures) {
  std::map<std::string, std::vector<const DrawnQuestion*>> by_query;
  for (const DrawnQuestion& question : questions) by_query[question.query].push_back(&question);
  for (const auto& [query, who] : by_query) {
    bool good = true;
    auto found = house.AskAll(type, query, 1000, &good);
    std::sort(found.begin(), found.end());
    for (size_t i = 0; i < who.size(); ++i) {
      const view::Ordinal wanted = house.current.at(type + "/" + who[i]->id)->ordinal;
      bool holds = good && std::binary_search(found.begin(), found.end(), wanted);
      if (holds && i == 0) {
        const auto alone = house.AskAll(type, query + "&_id=" + who[i]->id, 10, &good);
        holds = good && alone == std::vector<view::Ordinal>{wanted};
      }
      if (holds) continue;
      const auto page = house.Ask(type, query);
      if (++(*failures)[type + " " + who[i]->parameter] <= 2)
        ADD_FAILURE() << type << "/" << who[i]->id << " is not found by " << query
                      << (page.ok() ? "" : ": " + page.error().ToString());
    }
  }
  return by_query.size();
}

/// Of how many parameters a value is asked for, each of each type by itself.
inline size_t ParametersAsked(const Drawn& drawn) {
  std::set<std::pair<std::string_view, std::string_view>> asked;
  for (const auto& [type, questions] : drawn.by_type) {
    for (const DrawnQuestion& question : questions) {
      if (question.query.find(":missing=") == std::string::npos) asked.insert({type, question.parameter});
    }
  }
  return asked.size();
}

/// `parameters_min`, `questions_min`: fewer would mean that the drawing lost some.
inline void ExpectExamplesAreFound(int shard, int shards, int every, size_t parameters_min,
                                   size_t questions_min) {
  const std::string examples = std::string(TK_NPM_DIR) + "/hl7.fhir.r4.examples";
  if (!std::filesystem::exists(examples)) GTEST_SKIP() << "the official examples are not in " << examples;
  if (!std::filesystem::exists(std::string(TK_SOURCE_DIR) + "/tests/node_modules/fhirpath"))
    GTEST_SKIP() << "fhirpath.js is not in tests/node_modules: ./tk deps brings it";
  const Drawn drawn = DrawQuestions(examples, shard, shards, every);
  ASSERT_FALSE(drawn.files.empty());
  House house;
  for (const std::string& file : drawn.files) {
    const auto text = ReadFile(file);
    ASSERT_TRUE(text.ok() && house.Put(*text) != 0) << file;
  }
  std::map<std::string, size_t> failures;
  size_t asked = 0;
  for (const auto& [type, questions] : drawn.by_type) asked += AskDrawn(house, type, questions, &failures);
  for (const auto& [what, count] : failures) ADD_FAILURE() << what << ": " << count << " not found";
  EXPECT_GE(ParametersAsked(drawn), parameters_min);
  EXPECT_GE(asked, questions_min);
}

}  // namespace tk::search
