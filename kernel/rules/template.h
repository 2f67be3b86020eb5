// JSON templates: a string that begins with '=' is a FHIRPath expression on the cause; its first result stands there (a node as it is, a computed
// value as JSON); without a result the member is left out, and so is an object or array that comes out empty.
// What can be known before is checked when it is compiled: the names of elements, lists or not, literal codes of required sets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/path/path.h"

namespace tk::rules {

/// A JSON template with compiled expressions. Immutable, thread-safe.
class Template {
 public:
  /// Of a resource: it names its resourceType. `context`: the type that expressions are asked on; kNoType = any.
  /// Errors: kInvalid with the element path within the template and what the expression lacks.
  static Result<Template> Compile(const fhir::Definitions& definitions, fhir::TypeId context,
                                  fhir::Value json);
  /// Of the value of an element; `one`: of one item of it, where it is a list.
  static Result<Template> CompileValue(const fhir::Definitions& definitions, fhir::TypeId context,
                                       fhir::Value json, const fhir::ElementInfo& element, bool one);
  /// The JSON; "" when it comes out empty. Of a resource with `id` set to it, if it is not "".
  Result<std::string> Render(const fhir::path::Environment& environment, const fhir::path::Item& context,
                             std::string_view id = {}) const;

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();
  fhir::TypeId type() const;  // kNoType of a value

 private:
  struct Node;
  struct Body;
  struct Compiler;
  explicit Template(std::unique_ptr<const Body> body);
  std::unique_ptr<const Body> body_;
};

/// The JSON of one result: a node stands as it is; a computed value is written by its kind.
void WriteItem(const fhir::path::Item& item, fhir::JsonWriter* out);

}  // namespace tk::rules
