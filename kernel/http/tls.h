// TLS by OpenSSL through Asio: 1.2 at least, 1.3 preferred.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

#include "kernel/base/result.h"

namespace tk::http {

/// Reads a certificate chain and its key (PEM). `client_ca`: clients must show a certificate that one of these authorities signed; "" = they need none. Errors: kIncorrect, which file and why, also when they do not belong together.
Result<std::shared_ptr<boost::asio::ssl::context>> LoadTls(const std::string& cert_file,
                                                           const std::string& key_file,
                                                           const std::string& client_ca = {});

}  // namespace tk::http
