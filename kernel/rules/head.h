// What every file of a pack that decides something begins with, and what its expressions may call by name.
// Form:   "id": "screening.fever", "version": 1 (a whole number; raised when what it does changes), "title": {"zh-CN": …, "en": …},
//         "source": {"text": …, "edition": …, "date": …}                where it and its numbers come from
//         "constants": {"fever_limit": {"setting": "fever_limit_cel"},   a number of the app's settings.json,
//                       "wait": {"value": 30, "unit": "minutes"}}        or its own; with a unit it is a quantity
// Names:  %rule (id|version of the file), %now, %depth (how deep in a cascade is what it makes), and each constant.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/fhir/json_file.h"
#include "kernel/fhir/path/path.h"

namespace tk::rules {

/// What a rule (a workflow, a form) made says who made it, how deep in a cascade it is, and what it was made because of.
inline constexpr std::string_view kRuleExtension = "http://tongkang.dev/fhir/StructureDefinition/rule";
inline constexpr std::string_view kDepthExtension = "http://tongkang.dev/fhir/StructureDefinition/rule-depth";
inline constexpr std::string_view kCauseExtension = "http://tongkang.dev/fhir/StructureDefinition/rule-cause";
inline constexpr int kDepthMax = 8;  // DESIGN 4: cascades stop at depth 8 with an alarm

struct Head {
  std::string id;
  int version = 0;
  std::string app;
  std::string title_zh, title_en;
  std::string source_text, source_edition, source_date;
  /// %rule and the constants as expressions see them.
  std::vector<std::pair<std::string, fhir::path::Collection>> variables;

  std::string name() const { return id + "|" + std::to_string(version); }
};

enum class Wants : uint8_t { kSource, kSourceOfConstants };  // a source always, or where it has constants

/// Reads the head of a file; what is wrong is noted in it. `settings`: the app's settings object (may be absent).
Head ReadHead(fhir::JsonFile* file, std::string_view app, fhir::Value settings, Wants wants);

fhir::path::Item TextItem(std::string text);
/// A DateTime, as the city's clocks show it.
fhir::path::Item CityTimeItem(Instant us);

/// What the names are for one cause. Borrows the head.
class HeadVariables : public fhir::path::Variables {
 public:
  HeadVariables(const Head& head, int depth, Instant now_us) : head_(head), depth_(depth), now_us_(now_us) {}
  const fhir::path::Collection* Find(std::string_view name) const override;

 private:
  const Head& head_;
  const int depth_;
  const Instant now_us_;
  mutable fhir::path::Collection now_item_, depth_item_;  // made when they are asked for; used by one thread
};

}  // namespace tk::rules
