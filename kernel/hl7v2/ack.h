// The answer to a message: MSH, MSA, and an ERR for each thing that is to be said.
// Flow:   Message + notes → Acknowledge → bytes in the charset of the sender. Of bytes that are no message: AcknowledgeBytes
// Codes:  AA done; AE what the message says cannot be taken: mend it, send it with a new MSH-10; AR not for what it says (busy, no right, another version):
//         send the same again. A sender who wants no application acknowledgement but an accept one (MSH-16 NE, MSH-15 not) gets CA, CE, CR.
// Notes:  ERR-2 where, ERR-3 what (table 0357), ERR-4 how grave (0516), ERR-5 a code of ours, ERR-7 how to mend it, ERR-8 what a user is to read,
//         ERR-9 NPAT: do not tell the patient (0517). Before v2.5 an ERR had ERR-1 alone, and a user's text stood in MSA-3: for these senders both
//         are filled as well; what they do not know stands behind, where they need not look.
// An alert is such a note: severity W or I, condition 0 ("message accepted"), the text in ERR-8, NPAT. Why there and nowhere else: docs/decisions/0049.
// Source: HL7 v2.5.1 chapter 2, sections 2.9 (acknowledgement), 2.15.5 (ERR), 2.15.8 (MSA), 2.15.9 (MSH); tables 0008, 0155, 0357, 0516, 0517.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/hl7v2/message.h"

namespace tk::hl7v2 {

struct Note {
  char severity = 'E';            // E, W, I
  std::string condition = "207";  // of table 0357
  std::string place;              // "PID-3(2).1"; "" the whole message
  std::string code, code_text;    // of our own; may be empty
  std::string_view code_system;   // its name
  std::string diagnostic;         // how to mend it, what to do
  std::string user_text;          // for the screen
  bool not_for_patient = false;
};

struct AckOptions {
  std::string control_id;  // of the answer
  Instant at_us = 0;
  int timezone_offset_min = 480;
};

/// "AA", "AE" or "AR" as code; what the sender asked for in MSH-15 and MSH-16 is done here.
std::string Acknowledge(const Message& message, std::string_view code, const std::vector<Note>& notes,
                        const AckOptions& options);
/// To bytes that Parse refused with `error`: names what of the header could be read.
std::string AcknowledgeBytes(std::string_view bytes, const Error& error, const AckOptions& options);

/// An error as notes: one for each issue, at the place that its path names if it names one.
std::vector<Note> NotesOf(const Error& error);
/// What a refusal over HTTP says (an OperationOutcome and its status), as an error again.
Error ErrorOfOutcome(int http_status, std::string_view outcome_json);
/// AE for what the message says, AR for what has nothing to do with that.
std::string_view CodeOf(const Error& error);

}  // namespace tk::hl7v2
