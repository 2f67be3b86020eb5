// The body of a request that is one small JSON object of texts: credentials, codes, accounts.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/fhir/value.h"
#include "kernel/http/message.h"

namespace tk::http {

class JsonBody {
 public:
  /// `wanted` must be there and be texts; `optional` may be: a text, or a list of texts (joined by U+0020), or true ("true").
  /// Errors: kUnsupported for another media type; kIncorrect, telling what to send, never what was sent.
  static Result<JsonBody> Read(const Request& request, std::initializer_list<std::string_view> wanted,
                               std::initializer_list<std::string_view> optional = {});
  /// "" if it is not there.
  const std::string& operator[](std::string_view name) const;
  bool Has(std::string_view name) const { return texts_.find(name) != texts_.end(); }
  /// The texts of a list.
  std::vector<std::string> List(std::string_view name) const;
  /// Overwrites all of it.
  void Forget();

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

void WriteTexts(fhir::JsonWriter* json, const std::vector<std::string>& texts);

}  // namespace tk::http
