// Operations at /fhir that are this room's:
//   POST $import-areas          a table → Locations (area_import.h)          operation "$import-areas" and writing Location for the whole city
//   POST $import-organizations  a table → Organizations (organization_import.h)          the same with Organization
//     A table is text/csv or an .xlsx (table_reader.h).
//     ?check=true tells what would be; ?all-or-nothing=true keeps nothing if a row is refused; ?charset=gb18030, or in the content type
//   GET Location/$tree          ?code=3801 or ?point=121.5,31.2 (longitude, latitude) or ?organization=ID; &depth=1 below it; or ?issues=true: what
//                               in the records does not fit                   whoever may read Location
// Answers are Parameters; a refusal is an OperationOutcome. Rights are asked where all are (interaction/permit.h).
// Flow:   http → Operations::Handle (a worker's thread) → answer; what is no operation of ours goes on to the interactions
#pragma once

#include "kernel/exchange/table_import.h"
#include "kernel/interaction/interaction.h"

namespace tk::exchange {

/// Thread-safe.
class Operations {
 public:
  explicit Operations(const ImportContext& context) : context_(context) {}
  static std::span<const interaction::OperationAddress> Served();
  /// Is the request for one of these?
  static bool Has(const interaction::Request& request);
  interaction::Response Handle(const interaction::Request& request) const;

 private:
  Result<interaction::Response> Import(const interaction::Request& request) const;
  Result<interaction::Response> Tree(const interaction::Request& request) const;
  const ImportContext context_;
};

}  // namespace tk::exchange
