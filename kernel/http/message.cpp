#include "kernel/http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tk::http {

void Response::AddHeader(std::string_view name, std::string_view value) {
  const auto fits = [](char c) { return static_cast<uint8_t>(c) >= 0x20 && c != 0x7f; };
  headers.reserve(headers.size() + name.size() + value.size() + 4);
  headers.append(name).append(": ");
  if (std::all_of(value.begin(), value.end(), fits))
    headers.append(value);
  else
    std::copy_if(value.begin(), value.end(), std::back_inserter(headers), fits);
  headers.append("\r\n");
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string HttpDate(Instant us) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int64_t seconds = us >= 0 ? us / kSecondUs : (us - kSecondUs + 1) / kSecondUs;
  const int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  const int64_t rest = seconds - days * 86400;
  const CivilDate date = CivilFromDays(days);
  const auto weekday = static_cast<size_t>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  // Every answer about a resource has one: written digit by digit, as a format is parsed anew each time.
  std::string out = "DDD, 00 MMM 0000 00:00:00 GMT";
  const auto put = [&out](size_t last, int64_t value) {
    for (; value > 0 && out[last] == '0'; value /= 10) out[last--] = static_cast<char>('0' + value % 10);
  };
  out.replace(0, 3, kDays[weekday]);
  put(6, date.day);
  out.replace(8, 3, kMonths[date.month - 1]);
  put(15, date.year);
  put(18, rest / 3600);
  put(21, rest / 60 % 60);
  put(24, rest % 60);
  return out;
}

void AppendHead(const Response& response, bool keep_alive, std::string_view date, std::string* out) {
  const auto append = [out](std::initializer_list<std::string_view> parts) {
    for (std::string_view part : parts) *out += part;
  };
  char number[24];
  const auto digits = [&number](uint64_t value) {
    return std::string_view(number, static_cast<size_t>(fmt::format_to(number, "{}", value) - number));
  };
  append({"HTTP/1.1 ", digits(static_cast<uint64_t>(response.status)), " "});
  append({ReasonOf(response.status), "\r\nDate: ", date, "\r\n"});
  if (!response.content_type.empty()) append({"Content-Type: ", response.content_type, "\r\n"});
  if (!response.content_encoding.empty()) append({"Content-Encoding: ", response.content_encoding, "\r\n"});
  const bool bodiless = response.status == 204 || response.status == 304 || response.events != nullptr;
  if (!bodiless) append({"Content-Length: ", digits(response.bytes().size()), "\r\n"});
  if (!keep_alive) append({"Connection: close\r\n"});
  append({"X-Content-Type-Options: nosniff\r\n", response.headers, "\r\n"});
}

}  // namespace tk::http
