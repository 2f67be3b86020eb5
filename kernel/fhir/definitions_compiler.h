// The state of one compilation; see definitions_compile.h. Types are compiled in definitions_compile.cpp, search parameters
// and compartments in definitions_parameters.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/definitions_blob.h"
#include "kernel/fhir/definitions_codes.h"

namespace tk::fhir {

class Compiler final : private CodeSource {
 public:
  Compiler(const BlobView* base, const std::vector<const Document*>& resources, const Document* mended);
  Result<std::string> Run();

 private:
  /// One element of a snapshot or differential.
  struct Part {
    std::string path;  // "Patient.contact.name"
    std::string name;  // "name"; "value[x]"
    Value definition;
    size_t index;  // within its list, for messages
    std::vector<size_t> children;
  };
  /// One StructureDefinition that is being compiled.
  struct Source {
    Value structure;
    std::string url;
    TypeId type = kNoType;
    bool from_snapshot = false;
    std::vector<Part> parts;  // [0] is the root
    bool done = false;
  };

  // Sorting the resources.
  Status Classify();
  Status AddStructure(Value structure);
  // Types and elements.
  TypeId AddType(const std::string& name, TypeClass type_class, const std::string& url);
  TypeId Named(std::string_view name) const;
  Status ReadParts(Source* source);
  Status RegisterBackbones(const Source& source);
  Status CompileType(Source* source);
  Status CompileChildren(const Source& source, const Part& parent, TypeId type, TypeId inherit);
  Status CompileElement(const Source& source, const Part& part, TypeId owner, uint16_t choice,
                        std::vector<ElementRow>* rows);
  Status AddRow(const Source& source, const Part& part, TypeId owner, std::string_view code, ElementRow row,
                std::vector<ElementRow>* rows);
  Result<TypeId> TypeOfElement(const Source& source, const Part& part, TypeId owner,
                               std::string_view code) const;
  Result<TypeId> ContentReference(const Source& source, const Part& part) const;
  // Invariants: definitions_constraints.cpp.
  Status AddTypeConstraints(const Source& source, const Part& part, TypeId type);
  Status AddElementConstraints(const Source& source, const Part& part, TypeId owner, ElementRow* row);
  Status AddConstraint(const Source& source, const Part& part, Value constraint, TypeId context);
  Status AddProfileConstraints(const Source& source, const Part& part, const std::string& code, TypeId type,
                               ElementRow* row);
  Status CheckMendedUsed() const;
  bool HasConstraint(TypeId type, std::string_view key) const;
  Status SetTargets(const Source& source, const Part& part, std::string_view code, ElementRow* row);
  Status SetPrimitive(const Source& source);
  Result<uint16_t> RequiredCodes(const Source& source, const Part& part);
  Status FindBase(Source* source);
  Error Problem(const Source& source, const Part& part, std::string text) const;
  // Code sets.
  Value FindValueSet(std::string_view url) const override;
  std::shared_ptr<const CodeTree> FindCodeSystem(std::string_view url) const override;
  std::optional<std::vector<SystemCode>> Compiled(std::string_view url) const override;
  uint16_t AddCodeSet(const std::string& url, const std::optional<std::vector<SystemCode>>& codes,
                      std::string_view grammar = "");
  static std::string_view OnlyGrammarOf(Value value_set);
  void PutCodes(const std::vector<SystemCode>& codes, CodeSetRow* set);
  std::vector<SystemCode> CodesOf(const CodeSetRow& set) const;
  void AddAllCodeSets();
  void AddTypeNames();
  // Search parameters and compartments.
  Status AddParameter(Value parameter);
  Status AddParameterFor(Value parameter, TypeId resource, const std::string& expression);
  void AddInheritedParameters();
  void AddCompartment(Value compartment);
  void AddDefaultCompartment();
  Status SortParameters();

  Str Pool(std::string_view text);

  bool has_base_ = false;
  Tables tables_;
  std::vector<const Document*> resources_;
  const Document* mended_;
  std::set<uint32_t> mended_used_;  // nodes of its entries
  std::unordered_map<std::string, uint32_t> pool_;
  std::unordered_map<std::string, TypeId> type_by_name_;
  std::unordered_map<std::string, TypeId> type_by_url_;
  std::unordered_map<std::string, uint16_t> code_set_by_url_;
  std::map<std::string, Value, std::less<>> value_sets_;
  std::map<std::string, Value, std::less<>> code_systems_;
  mutable std::map<std::string, std::shared_ptr<const CodeTree>, std::less<>>
      code_trees_;                                             // made when asked for
  std::map<std::vector<SystemCode>, uint32_t> rows_of_codes_;  // equal sets share rows
  std::map<std::string, Value, std::less<>> type_profiles_;    // SimpleQuantity and the like, by url
  std::map<std::pair<std::string, TypeId>, std::pair<uint32_t, uint16_t>> profile_ranges_;  // first, count
  std::vector<Source> sources_;
  std::vector<Value> parameters_;
  std::vector<Value> compartments_;
  size_t base_types_ = 0;
  uint32_t base_parameters_ = 0;
};

}  // namespace tk::fhir
