#include "kernel/fhir/definitions_blob.h"

#include <cstring>
#include <type_traits>

#include "kernel/base/result.h"

namespace tk::fhir {
namespace {

template <class Container>
Section Append(const Container& rows, std::string* out) {
  using Row = typename Container::value_type;
  static_assert(std::is_trivially_copyable_v<Row>);
  out->resize((out->size() + 7) / 8 * 8);
  const Section section{static_cast<uint32_t>(out->size()), static_cast<uint32_t>(rows.size())};
  out->append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(Row));
  CHECK(out->size() < UINT32_MAX);
  return section;
}

template <class Row>
std::vector<Row> Copy(const BlobView& blob, Section section) {
  const auto rows = blob.Rows<Row>(section);
  return {rows.begin(), rows.end()};
}

}  // namespace

Tables Tables::From(const BlobView& blob) {
  const BlobHeader& h = blob.header();
  Tables t;
  t.strings = blob.Text({0, h.strings.count});
  t.types = Copy<TypeRow>(blob, h.types);
  t.elements = Copy<ElementRow>(blob, h.elements);
  t.constraints = Copy<ConstraintRow>(blob, h.constraints);
  t.type_lists = Copy<uint16_t>(blob, h.type_lists);
  t.parameters = Copy<ParameterRow>(blob, h.parameters);
  t.components = Copy<ComponentRow>(blob, h.components);
  t.code_sets = Copy<CodeSetRow>(blob, h.code_sets);
  t.codes = Copy<CodeRow>(blob, h.codes);
  t.compartment = Copy<CompartmentRow>(blob, h.compartment);
  return t;
}

std::string Tables::ToBlob() const {
  BlobHeader h;
  std::string out(sizeof(BlobHeader), '\0');
  h.strings = Append(strings, &out);
  h.types = Append(types, &out);
  h.elements = Append(elements, &out);
  h.constraints = Append(constraints, &out);
  h.type_lists = Append(type_lists, &out);
  h.parameters = Append(parameters, &out);
  h.components = Append(components, &out);
  h.code_sets = Append(code_sets, &out);
  h.codes = Append(codes, &out);
  h.compartment = Append(compartment, &out);
  h.size = out.size();
  const Digest digest = DigestOf({AsBytes(std::string_view(out).substr(sizeof(BlobHeader)))});
  std::memcpy(&h.hash, digest.data(), sizeof h.hash);
  std::memcpy(out.data(), &h, sizeof h);
  return out;
}

}  // namespace tk::fhir
