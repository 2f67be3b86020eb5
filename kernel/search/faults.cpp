#include "kernel/search/faults.h"

#include <fmt/format.h>

#include <charconv>

#include "kernel/base/diagnostics.h"

namespace tk::search {
namespace {

constexpr uint8_t kFails = 1, kTooDear = 2;
constexpr std::string_view kNumberName = "fault-";

std::string Because(uint8_t bits) {
  if (bits == kTooDear) return "it takes too much work, or gives too many values";
  if (bits == kFails) return "it fails there, as one that needs a single value does on several";
  return "it fails there, or takes too much work";
}

}  // namespace

void Faults::Reset(const Extractor* extractor) {
  extractor_ = extractor;
  marks_ = std::vector<std::atomic<uint8_t>>(extractor->size());
  any_ = false;
}

void Faults::Clear() {
  for (auto& mark : marks_) mark.store(0, std::memory_order_relaxed);
  any_ = false;
}

void Faults::Mark(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    if (fault.parameter >= marks_.size()) continue;
    const uint8_t bit = fault.too_dear ? kTooDear : kFails;
    if ((marks_[fault.parameter].load(std::memory_order_relaxed) & bit) != 0) continue;
    Set(fault.parameter, bit);
    const fhir::SearchParameter& definition = *extractor_->At(fault.parameter).definition;
    Say(LogLevel::kWarning, "search-parameter-fails",
        {{"url", definition.url},
         {"type", extractor_->definitions().Type(definition.resource).name},
         {"parameter", definition.code},
         {"why", std::string_view(fault.why)}});
  }
}

void Faults::Warn(const fhir::SearchParameter* parameter, std::vector<Issue>* out) const {
  if (parameter == nullptr || !extractor_->Knows(*parameter)) return;
  const ParameterId id = extractor_->IdOf(*parameter);
  uint8_t bits = marks_[id].load(std::memory_order_relaxed);
  for (const Extractor::Source& source : extractor_->At(id).sources) {
    bits = static_cast<uint8_t>(bits | marks_[source.parameter].load(std::memory_order_relaxed));
  }
  if (bits == 0) return;
  out->push_back(
      {Severity::kWarning, "incomplete", std::string(parameter->code),
       fmt::format("search parameter {}: its expression cannot be evaluated on some resources ({}): "
                   "these are not found by it",
                   parameter->code, Because(bits))});
}

void Faults::Warn(const Criterion& criterion, std::vector<Issue>* out) const {
  if (criterion.join == nullptr) return Warn(criterion.parameter, out);
  for (const Join::Branch& branch : criterion.join->branches) {
    Warn(branch.link, out);
    Warn(branch.inner, out);
  }
}

std::vector<Issue> Faults::Warnings(const Query& query) const {
  std::vector<Issue> out;
  if (!any_.load(std::memory_order_acquire)) return out;
  for (const Criterion& criterion : query.criteria) Warn(criterion, &out);
  for (const SortKey& key : query.sort) Warn(key.parameter, &out);
  for (const Include& include : query.includes) Warn(include.parameter, &out);
  return out;
}

std::vector<Issue> Faults::Of(std::string_view url) const {
  std::vector<Issue> out;
  if (!any_.load(std::memory_order_acquire)) return out;
  for (ParameterId id = 0; id < marks_.size(); ++id) {
    const uint8_t bits = marks_[id].load(std::memory_order_relaxed);
    if (bits == 0 || extractor_->At(id).definition->url != url) continue;
    const fhir::SearchParameter& definition = *extractor_->At(id).definition;
    out.push_back(
        {Severity::kWarning, "incomplete", "SearchParameter.expression",
         fmt::format(
             "The expression could not be evaluated on some {} that are stored ({}): they are not found "
             "by it. Bound it, or let it take several values.",
             extractor_->definitions().Type(definition.resource).name, Because(bits))});
  }
  return out;
}

std::vector<std::pair<std::string, uint64_t>> Faults::Print() const {
  std::vector<std::pair<std::string, uint64_t>> out;
  for (ParameterId id = 0; id < marks_.size(); ++id) {
    if (const uint8_t bits = marks_[id].load(std::memory_order_relaxed); bits != 0)
      out.emplace_back(fmt::format("{}{}", kNumberName, id), bits);
  }
  return out;
}

void Faults::Read(const std::vector<std::pair<std::string, uint64_t>>& numbers) {
  for (const auto& [name, bits] : numbers) {
    if (!name.starts_with(kNumberName)) continue;
    ParameterId id = kNoParameter;
    std::from_chars(name.data() + kNumberName.size(), name.data() + name.size(), id);
    if (id < marks_.size()) Set(id, static_cast<uint8_t>(bits & (kFails | kTooDear)));
  }
}

}  // namespace tk::search
