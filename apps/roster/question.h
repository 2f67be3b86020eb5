// What the lists of this app are asked by, and how they answer: a page of JSON, or the whole as a spreadsheet.
#pragma once

#include "apps/roster/roster.h"

namespace tk::roster {

/// What is asked in the query, by all of these operations.
struct Question {
  std::string organization, day, from, until, unit;
  size_t count = 50, offset = 0;
  bool as_xlsx = false;
};

/// Refuses what is not in `takes`: "organization, day,". Days without a value are today.
Result<Question> ReadQuestion(const app::Context& context, const interaction::Request& request,
                              std::string_view takes);

/// "12.5" of a hundred; "" of nothing.
std::string Percent(uint64_t part, uint64_t whole);

/// A list that is shown page by page, or as a spreadsheet as a whole. The audit hears whose rows it shows.
class ListAnswer {
 public:
  /// `columns`: members of a row in JSON; `heads`: in the spreadsheet. `question` must outlive it.
  ListAnswer(const Question& question, std::string title, std::vector<std::string> columns,
             std::vector<std::string> heads);
  /// Which of `total` rows are to be added.
  std::pair<size_t, size_t> RangeOf(size_t total) const;
  /// `owner`: whose row it is; 0 = nobody's.
  void Add(std::vector<std::string> cells, view::OwnerNumber owner);
  /// A line under the title.
  void Say(std::string line) { lines_.push_back(std::move(line)); }
  Result<interaction::Response> Finish(const app::Context& context, size_t total);

 private:
  interaction::Response Page(size_t total) const;
  Result<interaction::Response> Spreadsheet(const app::Context& context) const;

  const Question& question_;
  const std::string title_;
  const std::vector<std::string> columns_, heads_;
  std::vector<std::string> lines_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<view::OwnerNumber> owners_;
};

}  // namespace tk::roster
