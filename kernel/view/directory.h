// The directory: for each (type, id) its versions; for each ordinal its type, owner, area and when it was superseded. Every read by id,
// every liveness and scope question ends here.
// Memory: 10 bytes a version (merged runs with their filters, memory-mapped) + dense columns of 16 bytes an ordinal (memory-mapped; zeros cost no disk).
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kernel/view/view.h"

namespace tk::view {

/// While a person's record was somebody else's: between those two versions of it, [from, until); from 0: ever before.
struct AnothersTime {
  OwnerNumber owner = 0;
  Ordinal from = 0, until = 0;
  auto operator<=>(const AnothersTime&) const = default;
};

/// Persons beyond the area: whose records are open to the viewer all the same, and whose are closed to him wherever they are. Both sorted.
struct Beyond {
  std::vector<OwnerNumber> open, closed;
  /// Of whom `open` does not open what is the other's (Directory::IsAnothers). Ascending; the times of an owner do not overlap.
  std::vector<AnothersTime> anothers = {};
};

/// Tasks with a code of this system ask about records of several persons (a review of the person index). They are the first one's, with whom they are
/// erased; whoever sees him does not see them for that.
inline constexpr std::string_view kReviewSystem = "http://tongkang.dev/fhir/CodeSystem/person-review";
bool IsReview(fhir::Value task);
/// Which records of some types somebody sees, among those of whom he sees: of Tasks the reviews and other kinds; of more types what his post sees of
/// them. Asked by the ordinal of one of a record's versions; empty: all but reviews. From any thread, and it may read.
struct RecordSight {
  fhir::TypeId task = fhir::kNoType;  // reviews are Tasks
  std::function<bool(Ordinal)> sees;
  std::vector<fhir::TypeId> more = {};  // besides Task; then there is `sees`
  /// Of Tasks alone, where less need be asked of them; nullptr: this.
  std::shared_ptr<const RecordSight> tasks = nullptr;
  bool AsksOf(fhir::TypeId type) const {
    return type == task || std::find(more.begin(), more.end(), type) != more.end();
  }
};

/// Content that is hidden from who sees that a record is there (special diseases).
/// What marks versions: asked of each when it is applied to the directory. `made_by` names what it goes by, never 0: a directory that was marked by
/// something else is made anew at the start.
struct HiddenMarks {
  uint64_t made_by = 0;
  std::function<bool(fhir::Value root)> holds;  // empty: none is marked. From any thread
};
/// From whom it is hidden, unless `beyond` opens the person. Asked by the ordinal of a version; empty: what is marked. From any thread, and it may read.
struct HiddenSight {
  std::function<bool(Ordinal)> hides;
};

/// The viewer's scope: which ordinals he may see at all. Checked inside the search, before counting, sorting, paging.
/// Areas are division codes as numbers padded to 15 digits ("380102" = 380102000000000); a subtree is a range.
struct Scope {
  bool everything = true;
  uint64_t area_low = 0, area_high = 0;  // [low, high) of division codes
  /// This person alone; with an area while he is in it (or is opened by `beyond`), without one (low = high) wherever he is.
  OwnerNumber only_owner = 0;
  std::shared_ptr<const Beyond> beyond = nullptr;        // nullptr: nobody, and it costs nothing
  std::shared_ptr<const RecordSight> records = nullptr;  // nullptr: all of whom he sees
  std::shared_ptr<const HiddenSight> hidden = nullptr;   // nullptr: no content
  bool by_content = false;  // what is hidden from him is not there: of a question for content
  /// Nothing need be asked of an entry.
  bool all() const { return everything && beyond == nullptr && records == nullptr && !leaves_out(); }
  bool leaves_out() const { return by_content && hidden != nullptr; }
  /// For a question that would tell of content.
  Scope ByContent() const {
    Scope scope = *this;
    scope.by_content = true;
    return scope;
  }
  /// The same of entries of one type: of most there is nothing to ask.
  Scope For(fhir::TypeId type) const {
    Scope scope = *this;
    if (records != nullptr && !records->AsksOf(type)) scope.records = nullptr;
    if (scope.records != nullptr && type == records->task && records->tasks != nullptr)
      scope.records = records->tasks;
    return scope;
  }
};

/// Areas that are no divisions.
inline constexpr uint64_t kAreaUnknown = 0;  // nobody but a city-wide viewer sees it
inline constexpr uint64_t kAreaPublic = 1;  // practitioners, and what has no owner: whoever may read the type
inline constexpr uint64_t kAreaByContext =
    3;  // in Areas alone: where another record stands, and reviews; ask InScope
inline constexpr uint64_t kAreaErased = ~0ull;
inline constexpr uint64_t kAreaHiddenBit =
    uint64_t{1} << 62;  // in Areas alone, beside the area: of what is marked as hidden

/// A readable state of directory and index at one published position. Copy freely; keeps what it needs alive.
struct Position {
  uint64_t t = 0;
  Ordinal end_ordinal = 1;  // entries with ordinal < end_ordinal are in it
};

class Directory {
 public:
  struct Version {
    Ordinal ordinal;
    uint32_t version;
    bool deleted;
  };
  struct Column {
    fhir::TypeId type;
    Operation op;
    OwnerNumber owner;
  };
  virtual ~Directory() = default;

  /// The newest version of (type, id) at `position`; ordinal 0 if it never was. ~1 µs cold.
  virtual Version Current(uint64_t id_hash, const Position& position) const = 0;
  /// All versions at `position`, newest first, at most `max`.
  virtual std::vector<Version> Versions(uint64_t id_hash, const Position& position, size_t max) const = 0;
  virtual Column Get(Ordinal ordinal) const = 0;
  /// Is this ordinal the live version of its resource at `position` (not superseded, not a delete, owner not erased)?
  virtual bool Live(Ordinal ordinal, const Position& position) const = 0;
  /// May the scope see it? Owner-less entries are seen by all who may read the type.
  virtual bool InScope(Ordinal ordinal, const Scope& scope) const = 0;
  /// visible[i]: is ordinals[i] live at `position` and in `scope`? One call for a block of some hundred, so that their cache misses overlap.
  virtual void Visible(std::span<const Ordinal> ordinals, const Position& position, const Scope& scope,
                       bool* visible) const {
    for (size_t i = 0; i < ordinals.size(); ++i)
      visible[i] = Live(ordinals[i], position) && InScope(ordinals[i], scope);
  }
  virtual uint64_t AreaOf(OwnerNumber owner) const = 0;
  /// Whose that is now which has this owner: of a record that stands where another one stands (a Binary with a securityContext), the owner of
  /// that one's last version; the owner himself for all others, and when there is no such record.
  virtual OwnerNumber OwnerNow(OwnerNumber owner) const { return owner; }
  /// areas[i]: where the owner of ordinals[i] is now, kAreaPublic without an owner; with kAreaHiddenBit if it is marked. InScope by area is a look at this
  /// alone, except for kAreaByContext. One call for a block.
  virtual void Areas(std::span<const Ordinal> ordinals, uint64_t* areas) const {
    for (size_t i = 0; i < ordinals.size(); ++i) {
      const OwnerNumber owner = Get(ordinals[i]).owner;
      areas[i] = owner == 0 ? kAreaPublic : AreaOf(owner);
    }
  }
  /// Grows after the area of an owner changed who had published entries before: what Areas said under a smaller number may be wrong now.
  virtual uint64_t AreasGeneration() const = 0;
  /// Live resources of a type at the head.
  virtual uint64_t LiveCount(fhir::TypeId type) const = 0;
  /// Does he who may see it see no content of it? For `scope.hidden`; a bit of the entry where that asks for no more.
  virtual bool Hides(Ordinal ordinal, const Scope& scope) const {
    (void)ordinal, (void)scope;
    return false;
  }
  /// Is it another's than who has the record now? It is if it was begun in one of those times: what somebody writes again stays whose it was, however the
  /// new version reads, and what was moved to somebody else and back too. The versions of the record itself count each for itself. Cost: a look-up; the first time for an owner a scan of the columns (about 1 ns an ordinal).
  virtual bool IsAnothers(Ordinal ordinal, std::span<const AnothersTime> times) const {
    (void)ordinal, (void)times;
    return false;
  }
  /// What marked its versions (HiddenMarks); 0: nothing did.
  virtual uint64_t marked_by() const { return 0; }
};

/// The area that a resource names: meta.tag with system kAreaSystem; 0 if none.
inline constexpr std::string_view kAreaSystem = "http://tongkang.dev/fhir/sid/area";
uint64_t AreaOfResource(fhir::Value resource);
/// "380102" → {380102000000000, 380103000000000}. Levels have 2, 4, 6, 9, 12, 15 digits; else kIncorrect.
Result<std::pair<uint64_t, uint64_t>> AreaRange(std::string_view code);

}  // namespace tk::view
