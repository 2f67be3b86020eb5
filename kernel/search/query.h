// A search as asked: parsed from the query string against the type's search parameters, nothing ignored silently.
// Source: FHIR R4 search.html.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/terminology/terminology.h"

namespace tk::search {

enum class Prefix : uint8_t { kEq, kNe, kGt, kLt, kGe, kLe, kSa, kEb, kAp };

/// One value of a criterion (values of one criterion are alternatives).
struct Term {
  Prefix prefix = Prefix::kEq;
  std::string text;                   // unescaped value without prefix
  std::optional<std::string> system;  // token system: nullopt = not given, "" = "|code"
  std::string code;                   // token code, or reference id
  std::string type;                   // reference type, "" if only an id was given
  int64_t low_us = 0, high_us = 0;    // dates; with ap what is near enough
  // Numbers and quantities: what the digits given stand for, [low, high), and the number itself; with ap [low, high] is what is near enough.
  // Of a unit that converts (`unit`: its canonical one) all are in that.
  double low = 0, high = 0, exact = 0;
  std::string unit;
  std::vector<Term> parts;  // of a composite, in the order of its components
  // near, in degrees and metres
  double latitude = 0, longitude = 0, distance_m = 0;
};

struct Join;

struct Criterion {
  std::string name;  // as asked, with chain and modifier: for messages and for the plan told
  const fhir::SearchParameter* parameter = nullptr;  // never null for ordinary parameters
  std::shared_ptr<const Join> join;                  // a chain or _has: then this alone counts (joins.h)
  std::string special;  // "_id", "_lastUpdated" …: handled by name when it has no SearchParameter
  std::string
      modifier;  // "", "exact", "contains", "missing", "not", "text", "of-type", "identifier", "above", "below", "in", "not-in", or a type name for references
  std::vector<Term> terms;
  terminology::CodeListPtr
      codes;  // of a token with :in, :not-in, :above, :below: then these alone count, not the terms
};

/// A criterion on resources that the searched one refers to (subject:Patient.name), or that refer to it (_has:Observation:patient:code).
struct Join {
  struct Branch {
    fhir::TypeId type = fhir::kNoType;            // of the joined resources
    const fhir::SearchParameter* link = nullptr;  // of the searched type; reverse: of `type`
    Criterion inner;                              // what must hold for a joined resource
  };
  /// A hierarchy (:above, :below of a reference): from the roots up to what they are part of, or down to what is part of them. Then `inner` of a
  /// branch only names the parameter by which its type says what it is part of (hierarchy.h).
  enum class Walk : uint8_t { kNone, kUp, kDown };
  bool reverse = false;
  Walk walk = Walk::kNone;
  std::vector<Term> roots;       // of a walk
  std::string own_base;          // as in ParseOptions: for references in Bundles
  std::vector<Branch> branches;  // one for each type that the reference may lead to: one of them must hold
};

/// _include and _revinclude: what else comes with the matches.
struct Include {
  bool reverse = false;
  bool iterate = false;                              // also from what was included
  fhir::TypeId source = fhir::kNoType;               // whose reference it is; kNoType: any ("*")
  const fhir::SearchParameter* parameter = nullptr;  // null: every reference of the source
  fhir::TypeId target = fhir::kNoType;               // only to this type
};

struct SortKey {
  const fhir::SearchParameter* parameter = nullptr;
  std::string special;
  bool descending = false;
};

enum class Total : uint8_t { kNone, kEstimate, kAccurate };
enum class Summary : uint8_t { kFalse, kTrue, kText, kData, kCount };

struct Query {
  std::shared_ptr<const fhir::Definitions> definitions;  // what it was parsed by, if that is to live as long
  fhir::TypeId type = fhir::kNoType;
  std::vector<Criterion> criteria;  // all must hold
  std::vector<SortKey> sort;        // empty: the default order, which index.h tells
  size_t count = 50;                // _count; 0 = only the total
  Total total = Total::kNone;
  Summary summary = Summary::kFalse;
  std::vector<std::string> elements;  // _elements
  std::vector<Include> includes;
  bool explain = false;        // _explain: tell the plan and what it cost
  std::string self;            // canonical query string of what was understood, for the self link
  std::vector<Issue> ignored;  // what is to be told: parameters, when lenient; codes that nobody knows
};

/// What it keeps in memory, roughly: itself, its texts, its value lists; not the definitions. Cost: a walk over its values.
size_t MemoryBytes(const Query& query);

struct ParseOptions {
  bool lenient = false;  // Prefer: handling=lenient
  bool is_condition =
      false;  // of a write: there an empty parameter (name=) is an error, a search does not look at it
  size_t count_default = 50, count_max = 1000;
  size_t length_max = 8192;  // of the query string
  int timezone_offset_min = 480;
  int64_t now_us = 0;  // what ap of a date is reckoned from; 0: ap is refused
  std::vector<fhir::TypeId>
      together;  // all types of a search of several: what may be included comes with any of them, _elements are of any
  size_t join_depth_max = 5;  // links of one chain or _has
  /// May the asker read resources of that type? Chains and _has go only through types for which it says so. Empty: all.
  std::function<bool(std::string_view type)> may_read;
  /// Where :in, :not-in, :above and :below find their codes; asked for only when one is in the query. Empty: they are refused.
  std::function<std::shared_ptr<const terminology::Terminology>()> terminology;
  std::string_view own_base;  // "https://host/fhir": a reference that begins with it is one of ours
};

/// Does a chain or _has go through resources of `type`?
bool InvolvesJoined(const Criterion& criterion, fhir::TypeId type);
/// Does a change to a resource of `type` bear on who matches?
bool Involves(const Query& query, fhir::TypeId type);

/// May a List hold resources of `type`? Others are refused when they are asked for with _list.
bool MayBeListed(const fhir::Definitions& definitions, fhir::TypeId type);

/// `query`: "name=value&…", still percent-encoded (also a form body). Errors: kIncorrect / kUnsupported with the parameter's name, what it
/// may be, and the parameters that this type has when the name is unknown.
Result<Query> ParseQuery(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view query,
                         const ParseOptions& options);
/// The query keeps them.
Result<Query> ParseQuery(std::shared_ptr<const fhir::Definitions> definitions, fhir::TypeId type,
                         std::string_view query, const ParseOptions& options);

/// The modifiers that the parameter takes, for messages and the capability statement; without type names.
std::vector<std::string_view> ModifiersOf(const fhir::Definitions& definitions,
                                          const fhir::SearchParameter& parameter);
/// The parameters that a composite's components are read as, in their order; nullptr for one that is none here.
std::vector<const fhir::SearchParameter*> ComponentsOf(const fhir::Definitions& definitions,
                                                       const fhir::SearchParameter& composite);

}  // namespace tk::search
