// The files of platform types: read, compiled, and tried as search will use them, so that a mistake stops the start with the file's name instead of
// being an answer 400 to somebody's question weeks later.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/app/app.h"
#include "kernel/app/type_file.h"
#include "kernel/base/file.h"
#include "kernel/search/extract.h"

namespace tk::app {
namespace {

constexpr size_t kTypeFileBytesMax = size_t{4} << 20;
constexpr std::string_view kMend = "mend it, or take the file away";

struct TypeFile {
  std::string name, text;
  fhir::Document document;
  std::string url() const { return document.Root()["url"].ToString(); }
};

Error FileError(const std::string& name, std::string_view path, std::string_view what) {
  return MakeIssue(ErrorCode::kInvalid, "invalid", std::string(path),
                   fmt::format("{}: {}; {}", name, what, kMend));
}

Status ReadOne(const std::string& name, std::string text, std::vector<TypeFile>* files) {
  fhir::JsonFile source = TRY(fhir::JsonFile::Parse(name, text));
  std::vector<std::string> texts;
  if (IsShortType(source.root())) {
    texts = ExpandType(&source);
    if (!source.good()) return source.Failure();
  } else {
    texts.push_back(std::move(text));
  }
  for (std::string& each : texts) {
    fhir::Document document = TRY(fhir::Document::Parse(each));
    TypeFile file{name, std::move(each), std::move(document)};
    const fhir::Value root = file.document.Root();
    for (const char* member : {"resourceType", "url"}) {
      if (root[member].ToString().empty())
        return FileError(file.name, member,
                         fmt::format("it has no {}, which every definition needs", member));
    }
    files->push_back(std::move(file));
  }
  return {};
}

/// All that is wrong with the files, each by itself, at once.
Result<std::vector<TypeFile>> ReadAll(std::span<const Pack> packs, const std::string& folder) {
  std::vector<TypeFile> files;
  std::vector<Error> failures;
  const auto read = [&](const std::string& name, std::string text) {
    if (Status one = ReadOne(name, std::move(text), &files); !one.ok()) failures.push_back(one.error());
  };
  for (const Pack& pack : packs) {
    for (const File& file : pack.files) {
      if (file.path.starts_with("types/") && file.path.ends_with(".json"))
        read(pack.NameOf(file.path), std::string(file.content));
    }
  }
  if (!folder.empty() && FileExists(folder)) {
    for (const std::string& name : TRY(ListFolder(folder))) {
      if (!name.ends_with(".json")) continue;
      const std::string path = folder + "/" + name;
      read(path, TRY(ReadFile(path, kTypeFileBytesMax)));
    }
  }
  if (!failures.empty()) return fhir::JoinFailures(failures);
  return files;
}

bool Names(std::string_view text, std::string_view url) {
  for (size_t at = text.find(url); at != std::string_view::npos; at = text.find(url, at + 1)) {
    const std::string_view after = text.substr(at + url.size());
    if (after.empty() || after[0] == ' ' || after[0] == ':' || after[0] == ',' || after[0] == ';')
      return true;
  }
  return false;
}

/// The compiler speaks of urls; people look for files.
Error WithFiles(Error error, const std::vector<TypeFile>& files) {
  std::vector<std::string_view> named;
  for (const TypeFile& file : files) {
    if (Names(error.external, file.url())) named.push_back(file.name);
  }
  error.external = named.empty() ? fmt::format("platform types: {}", error.external)
                                 : fmt::format("{}: {}; {}", fmt::join(named, ", "), error.external, kMend);
  return error;
}

/// Why a parameter of the files cannot be asked; "" if it can.
std::string WhyNot(const search::Extractor& extractor, const fhir::SearchParameter& parameter) {
  if (parameter.code == "_id" || parameter.code == "_lastUpdated") return {};  // need no expression
  if (extractor.At(extractor.IdOf(parameter)).ready) return {};
  const std::string begin = std::string(parameter.url) + ": ";
  for (const std::string& failure : extractor.failures()) {
    if (failure.starts_with(begin)) return failure.substr(begin.size());
  }
  if (parameter.expression.empty()) return "it has no expression";
  return "a parameter of its type cannot be asked here";
}

Status CheckParameters(const std::shared_ptr<const fhir::Definitions>& definitions,
                       const std::vector<TypeFile>& files) {
  std::shared_ptr<const search::Extractor> extractor;
  for (const TypeFile& file : files) {
    const fhir::Value root = file.document.Root();
    if (root["resourceType"].ToString() != "SearchParameter") continue;
    if (extractor == nullptr) extractor = search::Extractor::Create(definitions, 0);
    const std::string url = file.url(), code = root["code"].ToString();
    for (const fhir::TypeId type : definitions->ResourceTypes()) {
      const fhir::SearchParameter* const parameter = definitions->FindSearchParameter(type, code);
      if (parameter == nullptr || parameter->url != url) continue;
      const std::string why = WhyNot(*extractor, *parameter);
      if (why.empty()) continue;
      return FileError(file.name, "SearchParameter.expression",
                       fmt::format("{}, parameter {} of {}, expression \"{}\": {}", url, code,
                                   definitions->Type(type).name, parameter->expression, why));
    }
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const fhir::Definitions>> LoadDefinitions(std::span<const Pack> packs,
                                                                 const std::string& folder) {
  const std::vector<TypeFile> files = TRY(ReadAll(packs, folder));
  if (files.empty()) return fhir::Definitions::R4();
  std::vector<std::string> texts;
  for (const TypeFile& file : files) texts.push_back(file.text);
  auto extended = fhir::Definitions::Extend(fhir::Definitions::R4(), texts);
  if (!extended.ok()) return WithFiles(extended.error(), files);
  TRY(CheckParameters(*extended, files));
  return extended;
}

Result<std::shared_ptr<const terminology::Platform>> LoadPlatform(std::span<const Pack> packs) {
  std::vector<std::string_view> texts;
  for (const Pack& pack : packs) {
    const File* const file = pack.Find("operations.json");
    if (file == nullptr) continue;
    if (auto alone = terminology::Platform::With(std::span(&file->content, 1)); !alone.ok())
      return FileError(fmt::format("apps/{}/operations.json", pack.id), {}, alone.error().external);
    texts.push_back(file->content);
  }
  return terminology::Platform::With(texts);
}

}  // namespace tk::app
