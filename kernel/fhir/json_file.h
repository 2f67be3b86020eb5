// A JSON file that people write by hand (a rule, a form, a workflow of a pack): parsed, and what is wrong with it told by file, line, column and
// element path, all of it at once.
// Flow:   text → Parse → whoever understands the file reads root(), notes what is wrong and goes on → good() ? made : Failure()
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::fhir {

struct Place {
  size_t line = 1, column = 1;  // from 1; a column is a character
  bool operator==(const Place&) const = default;
};

class JsonFile {
 public:
  static constexpr size_t kNotesMax = 50;

  /// `name` is what errors call it: "apps/screening/rules/fever.json". Errors: kIncorrect with name, line and column; kTooLarge; kIncorrect when it is no
  /// JSON object.
  static Result<JsonFile> Parse(std::string name, std::string text);

  Value root() const { return document_->Root(); }
  const std::string& name() const { return name_; }

  /// Where the element "do[0].create.status" stands; of one that is missing, where the innermost of its parents begins. Names of members may have dots in
  /// them: the longest that is there is meant. Cost: a walk over the text.
  Place At(std::string_view path) const;
  /// One more thing that is wrong: "FILE:LINE:COLUMN: PATH: TEXT". `text` says what is wrong and how to mend it. The first kNotesMax are kept.
  void Note(std::string_view path, std::string_view text);
  /// The same of what a part was refused for: paths of its issues are meant below `path`.
  void Note(std::string_view path, const Error& cause);

  bool good() const { return notes_.empty(); }
  /// kInvalid: everything that was noted, a line and an issue each. Not to be asked of a good file.
  Error Failure() const;

 private:
  JsonFile(std::string name, std::string text, std::unique_ptr<const Document> document)
      : name_(std::move(name)), text_(std::move(text)), document_(std::move(document)) {}

  std::string name_;
  std::string text_;
  std::unique_ptr<const Document> document_;
  std::vector<Issue> notes_;
};

/// Several failures as one: each line and issue once, in order. `failures` is not empty.
Error JoinFailures(const std::vector<Error>& failures);

}  // namespace tk::fhir
