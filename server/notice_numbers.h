// Whose mobile numbers a notice reaches (kernel/workflow/notice.h): of the accounts that it names, of those who are the Practitioners that it names, and of
// those of its posts who see the person whom it is about. Only accounts that are enabled and have a number.
#pragma once

#include <string>
#include <vector>

#include "kernel/access/sign_on.h"
#include "kernel/view/engine.h"

namespace tk::server {

/// At most kNoticeNumbersMax, each once; `ordinal` is the notice's.
inline constexpr size_t kNoticeNumbersMax = 200;
std::vector<std::string> NumbersOf(access::SignOn* sign_on, const std::string& folder,
                                   const view::Engine& engine, const view::Resource& notice,
                                   view::Ordinal ordinal);

}  // namespace tk::server
