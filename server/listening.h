// What the settings say of who may connect, checked before anything is opened.
#pragma once

#include <memory>

#include "kernel/base/config.h"
#include "kernel/http/mllp.h"

namespace tk::server {

/// Who may send HL7 v2 messages over TCP; null: nobody listens for them. Errors: kIncorrect, which setting and how to mend it.
Result<std::shared_ptr<const http::MllpSenders>> MllpSendersOf(const Settings& settings);
/// The settings of MLLP, and public-url. Errors: kIncorrect, which one.
Status CheckListening(const Settings& settings);

}  // namespace tk::server
