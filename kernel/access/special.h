// Special diseases (GB/T 39725-2020, level 5): codes that shut a person out when they become known. A list of policies.toml, by system and code.
// Shape:  "http://hl7.org/fhir/sid/icd-10|B20-B24" a range of beginnings of one length, what follows is of no matter; "…|Z21*" a beginning; "…|7917-8" that code
// Cost:   MayHold is one scan of the text and no parse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::access {

class SpecialCodes {
 public:
  /// False: it is no "system|codes".
  bool Add(std::string_view text);
  bool empty() const { return ranges_.empty(); }
  /// Letters of either case. Without a system ("") of any.
  bool Has(std::string_view system, std::string_view code) const;
  /// Is there a member "code" in this JSON that may be one of them? In doubt yes.
  bool MayHold(std::string_view json) const;
  /// Is there a coding in this value, at any depth, with one of them?
  bool IsIn(fhir::Value value) const;
  /// Names this list among others, and how it is looked for: a view that was marked by another is made anew. Never 0.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Range {
    std::string system, low, high;  // upper case; of one length
    bool whole = false;             // the code ends there
  };
  std::vector<Range> ranges_;
  uint64_t fingerprint_ = 1;
};

}  // namespace tk::access
