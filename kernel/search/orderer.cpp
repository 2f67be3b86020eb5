#include "kernel/search/orderer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>

#include "kernel/search/content.h"
#include "kernel/search/values.h"

namespace tk::search {

using fhir::SearchType;

namespace {
bool IsInTexts(const SortKey& key) {
  if (key.special == "_id") return true;
  const SearchType type = key.parameter == nullptr ? SearchType::kSpecial : key.parameter->type;
  return type == SearchType::kToken || type == SearchType::kReference || type == SearchType::kUri;
}
}  // namespace

bool Orderer::ReadsTexts(const std::vector<SortKey>& sort) {
  return std::any_of(sort.begin(), sort.end(), IsInTexts);
}

bool Orderer::IsHidden(const SortKey& key, Ordinal ordinal) const {
  return key.parameter != nullptr && !IsShown(*key.parameter) && ground_.Hides(ordinal);
}

Orderer::SortValue Orderer::ValueOf(const SortKey& key, Ordinal ordinal) const {
  SortValue best;
  if (key.special == "_lastUpdated") return {false, ordinal, 0, 0};
  if (key.parameter == nullptr || IsHidden(key, ordinal)) return best;
  const Extractor::Parameter& parameter =
      ground_.setting.extractor.At(ground_.setting.extractor.IdOf(*key.parameter));
  if (key.parameter->type == SearchType::kSpecial) {
    for (const Criterion& criterion : query_.criteria) {
      if (criterion.parameter != key.parameter || !criterion.modifier.empty()) continue;
      const auto distance = DistanceOf(ground_.look, parameter, criterion, ordinal);
      if (distance) best = {false, OrderOf(*distance), 0, 0};
    }
    return best;
  }
  for (const auto& source : parameter.sources) {
    ForSortValues(ground_.look, source.parameter, ordinal, [&](const Entry24& entry) {
      SortValue value{false, entry.b, entry.c, 0};
      if (key.parameter->type == SearchType::kNumber) value.low = 0;
      // Of one unit with others of its kind: 5400 ug before 5.44 mg.
      if (key.parameter->type == SearchType::kQuantity) value = {false, CanonicalOrder(entry.c), 0, 0};
      const bool less = std::pair(value.high, value.low) < std::pair(best.high, best.low);
      if (best.missing || less != key.descending) best = value;
      return true;
    });
  }
  return best;
}

/// Which of `matches` the entries do not put in order for this key: all of a token, reference or uri, which have none; of a string those with equal
/// beginnings that go on behind what an entry holds.
std::vector<size_t> Orderer::Untold(const SortKey& key, const std::vector<SortValue>& values, size_t k,
                                    size_t matches) const {
  const size_t keys = sort_.size();
  std::vector<size_t> out;
  if (IsInTexts(key)) {
    for (size_t i = 0; i < matches; ++i) out.push_back(i);
  } else if (key.parameter != nullptr && key.parameter->type == SearchType::kString) {
    for (size_t i = 0; i < matches; ++i) {
      if (!values[i * keys + k].missing && (values[i * keys + k].low & 0xff) != 0) out.push_back(i);
    }
    auto word = [&](size_t i) { return std::pair(values[i * keys + k].high, values[i * keys + k].low); };
    std::sort(out.begin(), out.end(), [&](size_t x, size_t y) { return word(x) < word(y); });
    std::vector<size_t> alike;
    for (size_t i = 0; i < out.size(); ++i) {
      const bool twin = (i > 0 && word(out[i - 1]) == word(out[i])) ||
                        (i + 1 < out.size() && word(out[i + 1]) == word(out[i]));
      if (twin) alike.push_back(out[i]);
    }
    out = std::move(alike);
  }
  return out;
}

/// Reads their texts and gives each its rank.
Status Orderer::RankTexts(const SortKey& key, size_t k, const std::vector<Candidate>& matches,
                          std::vector<SortValue>* values) {
  const size_t keys = sort_.size();
  std::vector<std::pair<std::string, size_t>> texts;
  for (const size_t i : Untold(key, *values, k, matches.size())) {
    TRY(tick_());
    if (IsHidden(key, matches[i].ordinal)) continue;
    const view::Resource* resource = ground_.texts.Read(matches[i].ordinal);
    if (resource == nullptr) continue;
    auto text = key.special == "_id" ? std::optional(resource->id)
                                     : SortText(ground_.setting.extractor, ground_.type,
                                                ground_.setting.extractor.IdOf(*key.parameter),
                                                resource->document.Root(), key.descending);
    if (!text) continue;
    (*values)[i * keys + k].missing = false;
    texts.emplace_back(std::move(*text), i);
  }
  std::sort(texts.begin(), texts.end());
  size_t rank = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0 && texts[i].first != texts[i - 1].first) ++rank;
    (*values)[texts[i].second * keys + k].rank = rank;
  }
  return ground_.texts.TakeFailure();
}

Status Orderer::Order(std::vector<Candidate>* matches, size_t wanted) {
  const size_t keys = sort_.size();
  std::vector<SortValue> values(matches->size() * keys);
  std::vector<size_t> order(matches->size());
  for (size_t i = 0; i < order.size(); ++i) {
    TRY(tick_());
    order[i] = i;
    for (size_t k = 0; k < keys; ++k) values[i * keys + k] = ValueOf(sort_[k], (*matches)[i].ordinal);
  }
  for (size_t k = 0; k < keys; ++k) TRY(RankTexts(sort_[k], k, *matches, &values));
  auto before = [&](size_t x, size_t y) {
    for (size_t k = 0; k < keys; ++k) {
      const SortValue &a = values[x * keys + k], &b = values[y * keys + k];
      if (a.missing != b.missing) return b.missing;
      const auto left = std::tuple(a.high, a.low, a.rank), right = std::tuple(b.high, b.low, b.rank);
      if (left != right) return (left < right) != sort_[k].descending;
    }
    return (*matches)[x].ordinal > (*matches)[y].ordinal;
  };
  const auto middle = order.begin() + static_cast<ptrdiff_t>(std::min(wanted, order.size()));
  if (middle == order.end())
    std::sort(order.begin(), order.end(), before);
  else
    std::partial_sort(order.begin(), middle, order.end(), before);
  std::vector<Candidate> sorted;
  for (auto at = order.begin(); at != middle; ++at) sorted.push_back((*matches)[*at]);
  *matches = std::move(sorted);
  return {};
}

}  // namespace tk::search
