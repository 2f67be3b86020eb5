#include "kernel/http/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/base/text.h"
#include "kernel/http/coding.h"

namespace tk::http {
namespace {

namespace fs = std::filesystem;

// Scripts and styles only from ourselves; maps and photos come as data or blobs that the page made.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

constexpr std::string_view kPlainPage =
    "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>Tongkang 通康</title>"
    "<h1>Tongkang 通康</h1><p>FHIR: <a href=\"/fhir/metadata\">/fhir/metadata</a></p></html>";

struct Page {
  std::shared_ptr<const std::string> plain, gzip, zstd;
  std::string type, etag;
  bool forever = false;  // its name changes with its content
};

std::string_view TypeOf(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json; charset=utf-8"},
      {".map", "application/json; charset=utf-8"},
      {".webmanifest", "application/manifest+json; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
      {".pbf", "application/x-protobuf"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

bool IsText(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/manifest") || type == "image/svg+xml";
}

// "index-BX3k29aQ.js": at least eight letters, digits or underscores after the last dash before the ending.
bool HasHash(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  const size_t dot = name.find('.', name.rfind('-') == std::string_view::npos ? 0 : name.rfind('-'));
  const size_t dash = name.substr(0, dot).rfind('-');
  if (dot == std::string_view::npos || dash == std::string_view::npos || dot - dash < 9) return false;
  const std::string_view hash = name.substr(dash + 1, dot - dash - 1);
  const bool letters = std::all_of(hash.begin(), hash.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  return letters && std::any_of(hash.begin(), hash.end(), [](char c) {
           return std::isdigit(static_cast<unsigned char>(c)) != 0 ||
                  std::isupper(static_cast<unsigned char>(c)) != 0;
         });
}

class FolderPages final : public Pages {
 public:
  void Add(const std::string& path, std::string bytes) {
    Page page;
    page.type = std::string(TypeOf(path));
    page.etag = "\"" + ToHex(Bytes(DigestOf({AsBytes(bytes)})).first(8)) + "\"";
    page.forever = HasHash(path);
    page.plain = std::make_shared<const std::string>(std::move(bytes));
    pages_[path] = std::move(page);
  }
  void AddCoded(const std::string& path, Coding coding, std::string bytes) {
    const auto at = pages_.find(path);
    if (at == pages_.end()) return;
    (coding == Coding::kGzip ? at->second.gzip : at->second.zstd) =
        std::make_shared<const std::string>(std::move(bytes));
  }
  void CompressRest() {
    constexpr size_t kWorthIt = 1400;
    for (auto& [path, page] : pages_) {
      if (!IsText(page.type) || page.plain->size() < kWorthIt) continue;
      if (page.gzip == nullptr)
        page.gzip = std::make_shared<const std::string>(Encode(Coding::kGzip, *page.plain, Effort::kKept));
      if (page.zstd == nullptr)
        page.zstd = std::make_shared<const std::string>(Encode(Coding::kZstd, *page.plain, Effort::kKept));
    }
  }
  Response Get(std::string_view path, const Request& request) const override;
  size_t count() const override { return pages_.size(); }

 private:
  const Page* Find(std::string_view path) const;
  std::unordered_map<std::string, Page> pages_;  // by URL path, decoded
};

const Page* FolderPages::Find(std::string_view path) const {
  const auto at = [this](const std::string& name) {
    const auto found = pages_.find(name);
    return found == pages_.end() ? nullptr : &found->second;
  };
  if (const Page* const page = at(std::string(path))) return page;
  std::string folder(path);
  if (folder.back() != '/') folder += '/';
  if (const Page* const page = at(folder + "index.html")) return page;
  if (path.substr(path.rfind('/') + 1).find('.') != std::string_view::npos)
    return nullptr;  // a missing file, not a page's own path
  // The innermost door above; the root is a door only for itself, so that a wrong path stays a 404.
  for (size_t slash = path.rfind('/'); slash != 0 && slash != std::string_view::npos;
       slash = path.rfind('/', slash - 1)) {
    if (const Page* const page = at(std::string(path.substr(0, slash + 1)) + "index.html")) return page;
  }
  return nullptr;
}

Response FolderPages::Get(std::string_view path, const Request& request) const {
  const Page* const page = Find(path);
  if (page == nullptr) return ErrorResponse(MakeError(ErrorCode::kNotFound, "there is nothing at this path"));
  Response response;
  response.AddHeader("ETag", page->etag);
  response.AddHeader("Cache-Control", page->forever ? "public, max-age=31536000, immutable" : "no-cache");
  response.AddHeader("Vary", "Accept-Encoding");
  if (page->type.starts_with("text/html")) {
    response.AddHeader("Content-Security-Policy", kPolicy);
    response.AddHeader("Referrer-Policy", "no-referrer");
    response.AddHeader("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()");
  }
  if (request.if_none_match.find(page->etag) != std::string::npos) {
    response.status = 304;
    return response;
  }
  response.content_type = page->type;
  response.shared_body = page->plain;
  const Coding coding = ChooseCoding(request.accept_encoding);
  const auto& coded = coding == Coding::kZstd && page->zstd != nullptr ? page->zstd : page->gzip;
  const bool takes_gzip =
      coding == Coding::kGzip ||
      (coding == Coding::kZstd && request.accept_encoding.find("gzip") != std::string::npos);
  if (coded != nullptr && coding != Coding::kIdentity && (coded == page->zstd || takes_gzip)) {
    response.shared_body = coded;
    response.content_encoding = std::string(NameOf(coded == page->zstd ? Coding::kZstd : Coding::kGzip));
  }
  return response;
}

Status AddFolder(const PagesOptions& options, FolderPages* pages) {
  std::vector<std::pair<std::string, std::string>> coded;  // URL path with its ending → file
  size_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator walk(options.folder, error), end; !error && walk != end;
       walk.increment(error)) {
    if (!walk->is_regular_file(error)) continue;
    const std::string path = "/" + walk->path().lexically_relative(options.folder).generic_string();
    if (path.find("/.") != std::string::npos) continue;  // hidden files are not pages
    if (path.ends_with(".gz") || path.ends_with(".zst")) {
      coded.emplace_back(path, walk->path().string());
      continue;
    }
    std::string text = TRY(ReadFile(walk->path().string(), options.bytes_max));
    bytes += text.size();
    if (bytes > options.bytes_max)
      return MakeError(ErrorCode::kTooLarge, fmt::format("the pages in {} have more than {} bytes",
                                                         options.folder, options.bytes_max));
    pages->Add(path, std::move(text));
  }
  if (error) return SystemError("read the pages in", options.folder, error.value());
  for (const auto& [path, file] : coded) {
    const bool gzip = path.ends_with(".gz");
    pages->AddCoded(path.substr(0, path.rfind('.')), gzip ? Coding::kGzip : Coding::kZstd,
                    TRY(ReadFile(file, options.bytes_max)));
  }
  pages->CompressRest();
  return {};
}

}  // namespace

Result<std::shared_ptr<const Pages>> Pages::Load(const PagesOptions& options) {
  auto pages = std::make_shared<FolderPages>();
  if (options.folder.empty()) {
    pages->Add("/index.html", std::string(kPlainPage));
  } else {
    TRY(AddFolder(options, pages.get()));
  }
  return std::shared_ptr<const Pages>(std::move(pages));
}

void AddPagesRoute(Pipeline* pipeline, std::shared_ptr<const Pages> pages) {
  RouteOptions options;
  options.open = true;
  options.audited = false;
  options.body_bytes_max = 0;
  pipeline->AddRoute("/", options, [pages = std::move(pages)](Pipeline& way, const CallPtr& call) {
    if (call->request.method != Method::kGet && call->request.method != Method::kHead) {
      Response response = ErrorResponse(MakeError(ErrorCode::kNotFound, "pages are only read"));
      return way.Answer(call, std::move(response));
    }
    const auto path = PercentDecode(call->request.path(), false);
    if (!path.ok()) return way.AnswerError(call, path.error());
    way.Answer(call, pages->Get(*path, call->request));
  });
}

}  // namespace tk::http
