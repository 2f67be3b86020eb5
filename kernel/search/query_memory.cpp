// How much memory a parsed query keeps: values are fat, so a short text can be a large query.
#include "kernel/search/query.h"

namespace tk::search {
namespace {

size_t HeapBytes(const std::string& text) {
  return text.capacity() > sizeof(text) / 2 ? text.capacity() + 1 : 0;
}

size_t HeapBytes(const std::vector<Term>& terms) {
  size_t bytes = terms.capacity() * sizeof(Term);
  for (const Term& term : terms) {
    bytes += HeapBytes(term.text) + HeapBytes(term.code) + HeapBytes(term.type) + HeapBytes(term.unit) +
             HeapBytes(term.parts);
    if (term.system) bytes += HeapBytes(*term.system);
  }
  return bytes;
}

size_t HeapBytes(const terminology::CodeList& list) {
  size_t bytes = list.codes().capacity() * sizeof(fhir::SystemCode);
  for (const auto& [system, code] : list.codes()) bytes += HeapBytes(system) + HeapBytes(code);
  return bytes;
}

size_t HeapBytes(const Criterion& criterion) {
  size_t bytes = HeapBytes(criterion.name) + HeapBytes(criterion.special) + HeapBytes(criterion.modifier) +
                 HeapBytes(criterion.terms);
  if (criterion.codes) bytes += HeapBytes(*criterion.codes);
  if (criterion.join) {
    bytes += sizeof(Join) + HeapBytes(criterion.join->roots) + HeapBytes(criterion.join->own_base);
    for (const Join::Branch& branch : criterion.join->branches)
      bytes += sizeof(branch) + HeapBytes(branch.inner);
  }
  return bytes;
}

}  // namespace

size_t MemoryBytes(const Query& query) {
  size_t bytes = sizeof(Query) + HeapBytes(query.self) + query.includes.capacity() * sizeof(Include) +
                 query.criteria.capacity() * sizeof(Criterion) + query.sort.capacity() * sizeof(SortKey);
  for (const Criterion& criterion : query.criteria) bytes += HeapBytes(criterion);
  for (const SortKey& key : query.sort) bytes += HeapBytes(key.special);
  for (const std::string& element : query.elements) bytes += sizeof(element) + HeapBytes(element);
  for (const Issue& issue : query.ignored)
    bytes += sizeof(issue) + HeapBytes(issue.path) + HeapBytes(issue.text);
  return bytes;
}

}  // namespace tk::search
