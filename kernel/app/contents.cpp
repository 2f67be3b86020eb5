#include "kernel/app/contents.h"

#include "kernel/interaction/permit.h"

namespace tk::app {
namespace {

constexpr std::string_view kPacks = "packs";

void WriteTypes(const char* name, const std::vector<std::string>& types, fhir::JsonWriter* out) {
  out->Key(name).Array();
  for (const std::string& type : types) out->String(type);
  out->End();
}

void WritePart(const PartFile& file, fhir::JsonWriter* out) {
  out->Object().Member("part", file.part).Member("name", file.name);
  // It was read when the pack was loaded; an id that is missing is the name of a type.
  if (const auto document = fhir::Document::Parse(file.text); document.ok()) {
    for (const char* const member : {"id", "version", "title"}) {
      const fhir::Value value = document->Root()[member];
      if (value.present()) out->Key(member).Raw(value.Json());
    }
  }
  out->End();
}

}  // namespace

Result<interaction::Response> AnswerPacks(std::span<const App> apps, const interaction::Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, kPacks));
  interaction::Response response;
  fhir::JsonWriter out(&response.body);
  out.Object().Key("apps").Array();
  for (const App& app : apps) {
    out.Object().Member("id", app.id).Member("version", app.version);
    out.Key("title").Object().Member("zh-CN", app.title_zh).Member("en", app.title_en).End();
    out.Member("from", app.is_from_folder ? "folder" : "program");
    WriteTypes("reads", app.reads, &out);
    WriteTypes("writes", app.writes, &out);
    out.Key("parts").Array();
    for (const PartFile& file : app.parts) WritePart(file, &out);
    out.End().End();
  }
  out.End().End();
  response.content_type = "application/json; charset=utf-8";
  response.audit_action = kPacks;
  return response;
}

Result<interaction::Response> AnswerFile(const App& app, const interaction::Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, kPacks));
  const std::vector<std::string>& path = request.path;
  const PartFile* const file = path.size() == 3 ? app.FindPart(path[1], path[2]) : nullptr;
  if (file == nullptr)
    return MakeError(ErrorCode::kNotFound,
                     "this app has no such file: files/<part>/<name>, as GET /app tells them");
  interaction::Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = file->text;
  response.audit_action = kPacks;
  return response;
}

}  // namespace tk::app
