// A record of the audit as FHIR's AuditEvent. Source: FHIR R4 auditevent.html; codes: audit-event-type, restful-interaction, DICOM PS3.16 (110114, 110106),
// v3-ActReason (BTG); IHE BALP for what stands where.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/audit_archive.h"

namespace tk::http {

/// Who an account is, for readers.
struct AuditName {
  std::string display;             // "" if it is not known any more
  std::string title_zh, title_en;  // of the post
};

struct AuditShape {
  std::string_view patient;  // "Patient/1": the person who was asked about; "": none
  bool to_resident = false;  // without accounts, sessions, requests: who it was by name and post
};

/// `line`'s texts are read as they stand in JSON.
void AppendAuditEvent(const access::AuditFound& found, const AuditName& name, const AuditShape& shape,
                      std::string* out);

}  // namespace tk::http
