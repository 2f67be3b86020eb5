// What came in on a day, by channel and area; and who attended a fever clinic, or is listed and attended anywhere. All by searches, within an area.
// Source: FHIR R4 search; categories of readings: entry.h; Encounter.type "fever-clinic" of kVisitTypeSystem; alerts of listed persons: Flags of the point of care.
#pragma once

#include <string>
#include <vector>

#include "kernel/app/app.h"

namespace tk::screening {

inline constexpr std::string_view kVisitTypeSystem = "http://tongkang.dev/fhir/CodeSystem/visit-type";
inline constexpr size_t kAreasMax = 300;
inline constexpr size_t kListedMax = 20'000;

struct AreaFigures {
  std::string code, name;
  uint64_t screener = 0, self = 0, organization = 0;  // readings
  uint64_t fever = 0;                                 // of these, at or above the limit
  uint64_t opened = 0, closed = 0, open = 0;          // follow-ups: of the day; of the day; still
};
struct Attendance {
  std::string name, gender, birth, phone, when, place, note;
};
struct DayFigures {
  std::string day;                 // 2026-11-22, by the clocks of the city
  std::vector<AreaFigures> areas;  // below the city, and the city itself last
  std::vector<Attendance> fever_clinic, listed;
};

/// Sees all, or all of an area: figures are of everybody, whoever may have them.
std::shared_ptr<const access::Viewer> PlatformViewer(const std::string& area);

/// Asks as the platform. Errors: of the searches; kTooLarge over a limit. Cost: some ten counts an area.
class Figures {
 public:
  explicit Figures(const app::Context& context, double fever_limit_cel)
      : context_(context), fever_limit_cel_(fever_limit_cel) {}
  Result<std::vector<AreaFigures>> ByArea(const std::string& day) const;
  Result<DayFigures> Of(const std::string& day) const;

 private:
  Result<AreaFigures> OfArea(const std::string& code, std::string name, const std::string& day) const;
  Result<uint64_t> Count(const std::string& area, std::string_view type, const std::string& criteria) const;
  Result<std::vector<fhir::Document>> All(std::string_view type, const std::string& criteria) const;
  Result<Attendance> Attended(fhir::Value subject, fhir::Value encounter) const;
  Result<fhir::Document> Get(std::vector<std::string> path, const std::string& query = {},
                             const std::string& area = {}) const;

  const app::Context& context_;
  const double fever_limit_cel_;
};

}  // namespace tk::screening
