#include "kernel/interaction/bundle_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/text.h"

namespace tk::interaction {

BundleWriter::BundleWriter(std::string* out, std::string_view type) : out_(out) {
  out_->append(R"({"resourceType":"Bundle","type":)");
  fhir::AppendJsonString(type, out_);
}

void BundleWriter::Total(uint64_t total) { out_->append(fmt::format(R"(,"total":{})", total)); }

void BundleWriter::Link(std::string_view relation, std::string_view url) {
  out_->append(links_open_ ? "," : R"(,"link":[)");
  links_open_ = true;
  out_->append(R"({"relation":)");
  fhir::AppendJsonString(relation, out_);
  out_->append(R"(,"url":)");
  fhir::AppendJsonString(url, out_);
  out_->push_back('}');
}

void BundleWriter::CloseLinks() {
  if (links_open_) out_->push_back(']');
  links_open_ = false;
}

// A page has hundreds: the names go out as they stand here, without a writer that minds commas.
void BundleWriter::AppendEntry(const Entry& entry, std::string* out) {
  char before = '{';
  const auto raw = [out, &before](std::string_view name, std::string_view json) {
    out->push_back(before);
    before = ',';
    out->append(name).append(json);
  };
  const auto text = [out, &before](std::string_view name, std::string_view value) {
    out->push_back(before);
    before = ',';
    out->append(name);
    fhir::AppendJsonString(value, out);
  };
  const auto inner = [out, &before](std::string_view name) {
    out->push_back(before);
    out->append(name);
    before = '{';
  };
  const auto close = [out, &before] {
    out->push_back('}');
    before = ',';
  };
  if (!entry.full_url.empty()) text(R"("fullUrl":)", entry.full_url);
  if (!entry.resource.empty()) raw(R"("resource":)", entry.resource);
  if (!entry.search_mode.empty()) {
    inner(R"("search":)");
    text(R"("mode":)", entry.search_mode);
    close();
  }
  if (!entry.method.empty()) {
    inner(R"("request":)");
    text(R"("method":)", entry.method);
    text(R"("url":)", entry.url);
    close();
  }
  if (!entry.status.empty()) {
    inner(R"("response":)");
    text(R"("status":)", entry.status);
    if (!entry.location.empty()) text(R"("location":)", entry.location);
    if (!entry.etag.empty()) text(R"("etag":)", entry.etag);
    if (!entry.last_modified.empty()) text(R"("lastModified":)", entry.last_modified);
    if (!entry.outcome.empty()) raw(R"("outcome":)", entry.outcome);
    close();
  }
  out->append(before == '{' ? "{}" : "}");
}

void BundleWriter::Reserve(size_t resources, size_t bytes) {
  constexpr size_t kAroundBytes = 200;  // fullUrl, search mode, names
  out_->reserve(out_->size() + 1000 + bytes + resources * kAroundBytes);
}

void BundleWriter::Add(const Entry& entry) { AppendEntry(entry, NextEntry()); }

void BundleWriter::AddFound(std::string_view base_url, std::string_view type, std::string_view id,
                            std::string_view json, std::string_view search_mode) {
  std::string* const out = NextEntry();
  if (IsPlainJson(base_url) && IsPlainJson(id)) {
    out->append(R"({"fullUrl":")").append(base_url).append(1, '/').append(type).append(1, '/').append(id);
    out->append(1, '"');
  } else {
    out->append(R"({"fullUrl":)");
    fhir::AppendJsonString(fmt::format("{}/{}/{}", base_url, type, id), out);
  }
  if (!json.empty()) out->append(R"(,"resource":)").append(json);
  out->append(R"(,"search":{"mode":")").append(search_mode).append(R"("}})");
}

std::string* BundleWriter::NextEntry() {
  CloseLinks();
  out_->append(entries_open_ ? "," : R"(,"entry":[)");
  entries_open_ = true;
  return out_;
}

void BundleWriter::End() {
  CloseLinks();
  if (entries_open_) out_->push_back(']');
  out_->push_back('}');
}

std::vector<uint32_t> BundleWriter::DistinctOwners(std::vector<uint32_t> owners) {
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
}

std::string StatusText(int status) {
  switch (status) {
    case 200:
      return "200 OK";
    case 201:
      return "201 Created";
    case 204:
      return "204 No Content";
    case 304:
      return "304 Not Modified";
    case 400:
      return "400 Bad Request";
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 406:
      return "406 Not Acceptable";
    case 409:
      return "409 Conflict";
    case 410:
      return "410 Gone";
    case 412:
      return "412 Precondition Failed";
    case 413:
      return "413 Content Too Large";
    case 415:
      return "415 Unsupported Media Type";
    case 422:
      return "422 Unprocessable Content";
    case 429:
      return "429 Too Many Requests";
    case 503:
      return "503 Service Unavailable";
    default:
      return std::to_string(status);
  }
}

}  // namespace tk::interaction
