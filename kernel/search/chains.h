// Reads the names of joined criteria (subject:Patient.name:exact, _has:Observation:patient:code, and both within each other) and of includes.
// A chain whose reference may lead to several types, without one being named, is asked of every one of them that has the parameter.
// Source: FHIR R4 search.html 3.1.1.4.13 (chaining), 3.1.1.4.14 (_has), 3.1.1.5.3 (_include, _revinclude).
#pragma once

#include <functional>

#include "kernel/search/query.h"

namespace tk::search {

class ChainReader {
 public:
  /// Reads a criterion without joins on resources of `type`. `full_name` is for messages: the whole chain as it was asked.
  using Leaf = std::function<Result<Criterion>(fhir::TypeId type, std::string_view name,
                                               std::string_view value, std::string_view full_name)>;
  /// `*passable` tells whether the error last returned is a name that a lenient client may have passed over, not a wrong value.
  ChainReader(const fhir::Definitions& definitions, const ParseOptions& options, Leaf leaf, bool* passable)
      : definitions_(definitions), options_(options), leaf_(std::move(leaf)), passable_(*passable) {}

  static bool IsJoined(std::string_view name) {
    return name.substr(0, 5) == "_has:" || name.find('.') != std::string_view::npos;
  }
  /// Errors: kIncorrect, kUnsupported with what there is; kForbidden for a type that the asker may not read; kTooLarge.
  /// `shown`: what the messages call it, if not `name`.
  Result<Criterion> Read(fhir::TypeId type, std::string_view name, std::string_view value,
                         std::string_view shown = {});

 private:
  Result<Criterion> Any(fhir::TypeId type, std::string_view name, std::string_view value, size_t depth);
  Result<Criterion> Chain(fhir::TypeId type, std::string_view name, std::string_view value, size_t depth);
  Result<Criterion> Has(fhir::TypeId type, std::string_view name, std::string_view value, size_t depth);
  Result<std::vector<fhir::TypeId>> Targets(const fhir::SearchParameter& link, std::string_view type_name);
  Result<const fhir::SearchParameter*> Link(fhir::TypeId type, std::string_view code);
  bool MayRead(fhir::TypeId type) const {
    return !options_.may_read || options_.may_read(definitions_.Type(type).name);
  }
  Error Passable(Error error) {
    passable_ = true;
    return error;
  }
  Error Forbidden(std::string_view what) const;

  const fhir::Definitions& definitions_;
  const ParseOptions& options_;
  const Leaf leaf_;
  bool& passable_;
  std::string_view full_name_;
  size_t branches_ = 0;
};

/// `name`: "_include", "_revinclude", each perhaps with :iterate (or :recurse, its name in STU3). `searched`: the type asked for.
/// Errors: kIncorrect with what it may be; kForbidden.
Result<Include> ReadInclude(const fhir::Definitions& definitions, const ParseOptions& options,
                            fhir::TypeId searched, std::string_view name, std::string_view value);

/// May a reference under `parameter` lead to resources of `type`?
bool MayReferTo(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter,
                fhir::TypeId type);

}  // namespace tk::search
