// Messages as they were received: what came, from whom, what became of it; and the bytes apart, which nobody reads but who has a right to the content.
// Flow:   a channel takes a message (hl7v2.h) → Keep → ExchangeMessage and ExchangeContent in one transaction of the platform's → the sender's answer
// Whose:  of an accepted message both are the person's whom it is about, and go with him ($erase). Of a refused one nobody is known: its content is its own
//         record, and is erased when the message is accepted later, or discarded.
// Once:   the same bytes from the same account are one ExchangeMessage; its attempts count. An accepted message is never changed again.
// Errors: of the write. A message that was taken and could not be kept is answered "busy", so that the sender sends it again: it is not written twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/app/app.h"
#include "kernel/hl7v2/ack.h"

namespace tk::exchange_app {

struct Received {
  std::string sender, area, organization;  // the account, and where it is; organization as a reference
  std::string_view channel, content_type;
  std::string kind, control;  // "ORU^R01", MSH-10
  std::string_view bytes;
  bool is_accepted = false;
  std::string patient;            // "Patient/x"; "" if it was refused
  std::vector<std::string> made;  // "Type/id"
  std::vector<hl7v2::Note> notes;
};

Status Keep(const app::Context& context, const Received& received);

/// Of a message that was refused: who sent it, and the bytes. Errors: kNotFound; kConflict of one that was accepted or discarded.
struct Kept {
  std::string sender, area, organization, bytes;
};
Result<Kept> Find(const app::Context& context, const std::string& id);
/// Its content is erased, and it says so. Errors: as Find.
Status Discard(const app::Context& context, const std::string& id);

}  // namespace tk::exchange_app
