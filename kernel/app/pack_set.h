// The packs that one process runs: those linked into the program and those in a folder, DIR/packs/<id>/…, so that a new business system needs no
// compiler. A pack of the folder stands in place of a linked one with its id.
// Limits: 500 packs, 2,000 files a pack, 4 MiB a file. Names that begin with a dot, and what is no JSON, are passed over.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "kernel/app/app.h"

namespace tk::app {

class PackSet {
 public:
  /// `folder` "" or one that is not there: the linked ones alone. `with_tests`: also tests/*.case.json, for who plays them.
  /// Errors: kIncorrect, kUnavailable with the file.
  static Result<std::shared_ptr<const PackSet>> Load(std::span<const Pack> linked, const std::string& folder,
                                                     bool with_tests = false);
  /// One pack, which lies in `folder` itself.
  static Result<std::shared_ptr<const PackSet>> LoadOne(const std::string& folder, bool with_tests);

  /// `linked` with those of `own` in place of their likes.
  static std::shared_ptr<const PackSet> Join(std::span<const Pack> linked,
                                             std::shared_ptr<const PackSet> own);

  std::span<const Pack> packs() const { return packs_; }  // by id
  /// Grows with what stands in the packs: the same for the same files.
  uint64_t content_hash() const { return hash_; }

 private:
  void Put(const Pack& pack);
  Status AddFolder(const std::string& id, const std::string& folder, bool with_tests);
  void Finish();

  std::deque<std::string> texts_;        // what the packs' views point to
  std::deque<std::vector<File>> files_;  // the same
  std::vector<Pack> packs_;
  std::shared_ptr<const PackSet> joined_;  // whose texts some of them point to
  uint64_t hash_ = 0;
};

/// A pack's id: lower case letters, digits and single dashes, from a letter, at most 40.
bool IsPackId(std::string_view id);

}  // namespace tk::app
