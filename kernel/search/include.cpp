#include "kernel/search/include.h"

#include <algorithm>
#include <unordered_set>

#include "kernel/search/chains.h"
#include "kernel/search/content.h"
#include "kernel/search/links.h"

namespace tk::search {
namespace {

constexpr int kRoundsMax = 16;

class Includer {
 public:
  Includer(const Setting& setting, const Look& look, const Query& query, const IncludeRequest& request)
      : setting_(setting),
        look_(look),
        query_(query),
        request_(request),
        own_base_(BaseHash(setting.hash_key, request.own_base)),
        meter_(request.page.deadline_us, setting.kept) {}

  Result<Included> Run(std::span<const Ordinal> matches) {
    std::vector<Ordinal> from(matches.begin(), matches.end());
    known_.insert(matches.begin(), matches.end());
    for (int round = 0; !from.empty() && going_; ++round) {
      if (round == kRoundsMax) {
        out_.cut = true;
        break;
      }
      const size_t before = out_.ordinals.size();
      for (const Include& include : query_.includes) {
        if (round > 0 && !include.iterate) continue;
        what_ =
            std::string(include.reverse ? "_revinclude" : "_include") + (include.iterate ? ":iterate" : "");
        for (size_t i = 0; going_ && i < from.size(); ++i) One(include, from[i]);
        TRY(meter_.status());
      }
      from.assign(out_.ordinals.begin() + static_cast<ptrdiff_t>(before), out_.ordinals.end());
    }
    return std::move(out_);
  }

 private:
  const fhir::Definitions& definitions() const { return setting_.extractor.definitions(); }

  void One(const Include& include, Ordinal from) {
    const fhir::TypeId type = setting_.directory.Get(from).type;
    if (include.reverse)
      ToIt(include, from, type);
    else if (include.source == fhir::kNoType || include.source == type)
      FromIt(include, from, type);
  }

  /// What `from` refers to.
  void FromIt(const Include& include, Ordinal from, fhir::TypeId type) {
    const bool is_hidden = Hides(from);
    ForSources(include, type, [&](const Extractor::Source& source) {
      if (is_hidden && !IsShownBy(include, source)) return;
      ForSortValues(look_, kLinkSlot + source.parameter, from, [&](const Entry24& entry) {
        Tick();
        ForMeant(setting_, look_, request_.page.position, own_base_, entry, [&](Ordinal ordinal) {
          const fhir::TypeId target = setting_.directory.Get(ordinal).type;
          const bool wanted = (include.target == fhir::kNoType || include.target == target) &&
                              (source.type == fhir::kNoType || source.type == target);
          if (wanted) Take(ordinal, target);
          return going_;
        });
        return going_;
      });
    });
  }

  /// What refers to `from`.
  void ToIt(const Include& include, Ordinal from, fhir::TypeId type) {
    if (include.target != fhir::kNoType && include.target != type) return;
    std::vector<uint64_t> names;
    ForNamesOf(setting_, look_, type, from, own_base_, [&](uint64_t name) {
      names.push_back(name);
      return true;
    });
    auto of_type = [&](fhir::TypeId source_type) {
      if (!request_.may_read(source_type)) return;
      ForSources(include, source_type, [&](const Extractor::Source& source) {
        const auto& definition = *setting_.extractor.At(source.parameter).definition;
        if (!MayReferTo(definitions(), definition, type) ||
            (source.type != fhir::kNoType && source.type != type))
          return;
        const bool is_shown = IsShownBy(include, source);
        for (const uint64_t name : names) {
          const uint64_t key = LinkKey(setting_.hash_key, source.parameter, name);
          GatherKey(look_, key, [&](const Candidate& candidate) {
            Tick();
            if (is_shown || !Hides(candidate.ordinal)) Take(candidate.ordinal, source_type);
            return going_;
          });
        }
      });
    };
    if (include.source != fhir::kNoType) return of_type(include.source);
    for (const fhir::TypeId source_type : definitions().ResourceTypes()) {
      if (going_) of_type(source_type);
    }
  }

  /// Where the include's parameter of that type, or every reference of the type, has its entries.
  template <class Each>
  void ForSources(const Include& include, fhir::TypeId type, const Each& each) {
    const Extractor& extractor = setting_.extractor;
    if (include.parameter != nullptr) {
      for (const Extractor::Source& source : extractor.At(extractor.IdOf(*include.parameter)).sources)
        each(source);
      return;
    }
    for (const fhir::SearchParameter& parameter : definitions().SearchParameters(type)) {
      if (parameter.type != fhir::SearchType::kReference || !extractor.Knows(parameter)) continue;
      const ParameterId id = extractor.IdOf(parameter);
      if (extractor.At(id).expression != nullptr) each(Extractor::Source{id, fhir::kNoType});
    }
  }

  /// What refers to what is content of the one that refers (content.h).
  bool IsShownBy(const Include& include, const Extractor::Source& source) const {
    return IsShown(include.parameter != nullptr ? *include.parameter
                                                : *setting_.extractor.At(source.parameter).definition);
  }
  bool Hides(Ordinal ordinal) const {
    return request_.page.scope.hidden != nullptr && setting_.directory.Hides(ordinal, request_.page.scope);
  }
  void Tick() { going_ = meter_.Tick(what_) && going_; }

  void Take(Ordinal ordinal, fhir::TypeId type) {
    const view::Position& position = request_.page.position;
    if (ordinal >= position.end_ordinal || known_.count(ordinal) != 0 || !request_.may_read(type) ||
        !setting_.directory.Live(ordinal, position) ||
        !(request_.page.scope.all() || setting_.directory.InScope(ordinal, request_.page.scope)))
      return;
    if (out_.ordinals.size() == request_.max) {
      out_.cut = true;
      going_ = false;
      return;
    }
    known_.insert(ordinal);
    out_.ordinals.push_back(ordinal);
  }

  const Setting& setting_;
  const Look& look_;
  const Query& query_;
  const IncludeRequest& request_;
  const uint64_t own_base_;  // links.h
  Meter meter_;
  std::string what_;  // the include as it was written
  std::unordered_set<Ordinal> known_;
  Included out_;
  bool going_ = true;
};

}  // namespace

Result<Included> AnswerInclude(const Setting& setting, const Look& look, const Query& query,
                               std::span<const Ordinal> matches, const IncludeRequest& request) {
  return Includer(setting, look, query, request).Run(matches);
}

}  // namespace tk::search
