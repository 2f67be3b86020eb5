// Print forms read and checked.
#include "kernel/app/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/search/query.h"

namespace tk::app {
namespace {

struct PaperSize {
  std::string_view name;
  double width_mm, height_mm, margin_mm;
};
/// ISO 216; a strip is as long as its content.
constexpr PaperSize kPaperSizes[] = {{"A4", 210, 297, 17}, {"A5", 148, 210, 12}, {"80mm", 80, 0, 4}};
constexpr double kMarginMmMax = 40;
constexpr size_t kPrintColumnsMax = 20, kGridColumnsMax = 4, kSignaturesMax = 12;
constexpr std::string_view kLanguageNames[kLanguages] = {"zh-CN", "en"};
constexpr std::string_view kCodeSystemBase = "http://tongkang.dev/fhir/CodeSystem/";
/// Members that a part may have, by what makes it one.
constexpr std::string_view kPartMembers[] = {"fields",  "rows", "text",  "signatures", "title",
                                             "columns", "of",   "empty", "when",       "small"};
constexpr std::string_view kPrintMembers[] = {"id",          "version", "title", "source", "constants",
                                              "for",         "posts",   "with",  "page",   "parts",
                                              "institution", "number",  "qr"};
/// Complex types that Shown has a line for; and what is derived from Quantity.
constexpr std::string_view kShownTypes[] = {"HumanName", "Address",    "ContactPoint", "Identifier",
                                            "Coding",    "Period",     "Reference",    "CodeableConcept",
                                            "Quantity",  "Annotation", "Attachment"};

class PrintReader {
 public:
  PrintReader(const fhir::Definitions& definitions, fhir::JsonFile* file, Print* print)
      : definitions_(definitions), file_(*file), print_(*print) {}
  void Read();

 private:
  void ReadFor(fhir::Value root);
  void ReadWith(fhir::Value with);
  void ReadPage(fhir::Value page);
  void ReadPart(const std::string& path, fhir::Value part);
  void ReadTable(const std::string& path, fhir::Value part, PrintPart* out);
  PrintValue ReadValue(const std::string& path, fhir::Value value, fhir::TypeId type);
  CodeWords ReadCodes(const std::string& path, fhir::Value value, fhir::TypeId type);
  /// `what` is compiled on the type, and tried with nothing in its names: one that is not known fails with nothing as it would with something.
  ExpressionPtr Compile(const std::string& path, std::string_view what, fhir::TypeId type);
  PrintWords ReadWords(const std::string& path, std::string text);
  PrintText ReadText(const std::string& path, fhir::Value text);
  void CheckMembers(const std::string& path, fhir::Value value, std::span<const std::string_view> known);
  size_t ReadOf(const std::string& path, fhir::Value of);
  fhir::TypeId TypeOf(size_t source) const {
    return source == kOfRecord ? print_.type : print_.sources[source].type;
  }
  size_t ReadCount(const std::string& path, fhir::Value value, size_t otherwise, size_t max);

  const fhir::Definitions& definitions_;
  fhir::JsonFile& file_;
  Print& print_;
};

void PrintReader::CheckMembers(const std::string& path, fhir::Value value,
                               std::span<const std::string_view> known) {
  for (const fhir::Value member : value) {
    if (std::find(known.begin(), known.end(), member.name_text()) == known.end())
      file_.Note(
          path.empty() ? std::string(member.name_text()) : fmt::format("{}.{}", path, member.name_text()),
          fmt::format("is not known here: there are {}", fmt::join(known, ", ")));
  }
}

ExpressionPtr PrintReader::Compile(const std::string& path, std::string_view what, fhir::TypeId type) {
  auto compiled = fhir::path::Expression::Compile(what, definitions_, type);
  if (!compiled.ok()) {
    file_.Note(path, compiled.error());
    return nullptr;
  }
  const rules::HeadVariables names(print_, 0, 0);
  fhir::path::Environment environment;
  environment.definitions = &definitions_;
  environment.more_variables = &names;
  for (const PrintSource& source : print_.sources)
    environment.variables.emplace_back(source.name, fhir::path::Collection());
  fhir::path::Collection nothing;
  if (const Status tried = compiled->Evaluate(environment, fhir::path::Item(), &nothing); !tried.ok()) {
    file_.Note(path, tried.error());
    return nullptr;
  }
  return std::make_unique<const fhir::path::Expression>(std::move(compiled).value());
}

PrintWords PrintReader::ReadWords(const std::string& path, std::string text) {
  PrintWords words;
  if (text.starts_with('='))
    words.value = Compile(path, std::string_view(text).substr(1), print_.type);
  else
    words.text = std::move(text);
  if (words.text.size() > kPrintTextBytesMax)
    file_.Note(path, fmt::format("is longer than {} bytes", kPrintTextBytesMax));
  return words;
}

PrintText PrintReader::ReadText(const std::string& path, fhir::Value text) {
  PrintText out;
  for (size_t i = 0; i < kLanguages; ++i) {
    const std::string language(kLanguageNames[i]);
    if (text.is_string()) {
      out[i] = ReadWords(path, text.ToString());
    } else if (text[language].is_string()) {
      out[i] = ReadWords(fmt::format("{}.{}", path, language), text[language].ToString());
    } else {
      file_.Note(path, "needs zh-CN and en, or one text for both");
      return out;
    }
  }
  return out;
}

size_t PrintReader::ReadCount(const std::string& path, fhir::Value value, size_t otherwise, size_t max) {
  if (!value.present()) return otherwise;
  size_t count = 0;
  const std::string_view digits = value.Number();
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (digits.empty() || read.ptr != digits.data() + digits.size() || count < 1 || count > max)
    file_.Note(path, fmt::format("is a whole number from 1 to {}", max));
  return std::clamp<size_t>(count, 1, max);
}

size_t PrintReader::ReadOf(const std::string& path, fhir::Value of) {
  if (!of.present()) return kOfRecord;
  const std::string name = of.ToString();
  for (size_t i = 0; i < print_.sources.size(); ++i) {
    if (print_.sources[i].name == name) return i;
  }
  file_.Note(path, "names nothing that \"with\" has");
  return kOfRecord;
}

void PrintReader::ReadFor(fhir::Value root) {
  const std::string type = root["for"]["type"].ToString();
  print_.type = definitions_.FindType(type);
  if (!definitions_.IsResource(print_.type)) {
    file_.Note("for.type", "names no resource type: " + type);
    print_.type = fhir::kNoType;
  }
  if (root["for"]["where"].present())
    print_.where = Compile("for.where", root["for"]["where"].ToString(), print_.type);
  for (const fhir::Value post : root["posts"]) print_.posts.push_back(post.ToString());
  std::sort(print_.posts.begin(), print_.posts.end());
}

void PrintReader::ReadWith(fhir::Value with) {
  if (with.size() > kPrintSourcesMax)
    return file_.Note("with", fmt::format("has at most {} members", kPrintSourcesMax));
  for (const fhir::Value member : with) {
    const std::string path = fmt::format("with.{}", member.name_text());
    PrintSource source;
    source.name = std::string(member.name_text());
    if (fhir::path::IsOwnVariable(source.name) || source.name == "now" || source.name == "rule")
      file_.Note(path, "is a name of the language: choose another");
    source.type = definitions_.FindType(member["type"].ToString());
    if (!definitions_.IsResource(source.type)) {
      file_.Note(path + ".type", "names no resource type: " + member["type"].ToString());
      source.type = fhir::kNoType;
    }
    const bool is_found = member["find"].is_string();
    if (is_found == member["reference"].is_string()) {
      file_.Note(path,
                 "has either \"reference\" (what the record names) or \"find\" (a search for what names it)");
    } else if (is_found) {
      source.find = ReadWords(path + ".find", member["find"].ToString());
      if (source.find.value == nullptr && source.type != fhir::kNoType) {
        const auto query =
            search::ParseQuery(definitions_, source.type, source.find.text, search::ParseOptions{});
        if (!query.ok()) file_.Note(path + ".find", query.error());
      }
    } else {
      source.reference = Compile(path + ".reference", member["reference"].ToString(), print_.type);
    }
    print_.sources.push_back(std::move(source));  // those behind it may name it
  }
}

void PrintReader::ReadPage(fhir::Value page) {
  constexpr std::string_view kMembers[] = {"size", "margin_mm", "landscape"};
  CheckMembers("page", page, kMembers);
  const std::string name = page["size"].present() ? page["size"].ToString() : "A4";
  const auto* size = std::find_if(std::begin(kPaperSizes), std::end(kPaperSizes),
                                  [&](const PaperSize& each) { return each.name == name; });
  if (size == std::end(kPaperSizes)) {
    file_.Note("page.size", "may be A4, A5 or 80mm");
    size = std::begin(kPaperSizes);
  }
  print_.width_mm = size->width_mm;
  print_.height_mm = size->height_mm;
  print_.margin_mm = size->margin_mm;
  if (page["landscape"].IsTrue()) {
    if (size->height_mm <= 0) file_.Note("page.landscape", "is said of A4 and A5");
    std::swap(print_.width_mm, print_.height_mm);
  }
  if (const std::string_view digits = page["margin_mm"].Number(); page["margin_mm"].present()) {
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), print_.margin_mm);
    const double most = std::min(kMarginMmMax, size->width_mm / 4);
    if (digits.empty() || read.ec != std::errc() || print_.margin_mm < 2 || print_.margin_mm > most)
      file_.Note("page.margin_mm", fmt::format("is a number from 2 to {}", most));
  }
}

/// Of an element of a type in short the codes' words are known: element "kind" of StockMovement is CodeSystem/StockMovement-kind.
CodeWords PrintReader::ReadCodes(const std::string& path, fhir::Value value, fhir::TypeId type) {
  CodeWords words;
  for (const fhir::Value code : value["codes"]) {
    const std::string chinese = code["zh-CN"].ToString(), english = code["en"].ToString();
    if (chinese.empty() || english.empty())
      file_.Note(fmt::format("{}.codes.{}", path, code.name_text()), "needs zh-CN and en");
    words[std::string(code.name_text())] = {chinese, english};
  }
  const std::string expression = value["value"].ToString();
  const bool is_path = std::all_of(expression.begin(), expression.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
  });
  if (!words.empty() || !is_path || type == fhir::kNoType) return words;
  std::string id = fmt::format("{}.{}", definitions_.Type(type).name, expression);
  std::replace(id.begin(), id.end(), '.', '-');
  const auto system = definitions_.given().Find("CodeSystem", fmt::format("{}{}", kCodeSystemBase, id));
  if (system == nullptr) return words;
  for (const fhir::Value concept_ : system->Root()["concept"]) {
    std::string english = concept_["display"].ToString();
    for (const fhir::Value other : concept_["designation"]) {
      if (other["language"].ToString() == "en") english = other["value"].ToString();
    }
    words[concept_["code"].ToString()] = {concept_["display"].ToString(), english};
  }
  return words;
}

PrintValue PrintReader::ReadValue(const std::string& path, fhir::Value value, fhir::TypeId type) {
  constexpr std::string_view kMembers[] = {"title", "value", "of", "codes", "columns", "share", "right"};
  CheckMembers(path, value, kMembers);
  PrintValue out;
  out.title = ReadText(path + ".title", value["title"]);
  out.value = Compile(path + ".value", value["value"].ToString(), type);
  out.codes = ReadCodes(path, value, type);
  out.columns = ReadCount(path + ".columns", value["columns"], 1, kGridColumnsMax);
  out.share = static_cast<double>(ReadCount(path + ".share", value["share"], 1, 20));
  out.right = value["right"].IsTrue();
  if (out.value == nullptr || !out.value->types().has_value()) return out;
  for (const fhir::TypeId shown : *out.value->types()) {
    if (shown >= fhir::path::kSystemBoolean ||
        definitions_.Type(shown).type_class == fhir::TypeClass::kPrimitive)
      continue;
    const auto is_it = [&](std::string_view name) {
      return definitions_.IsA(shown, definitions_.FindType(name));
    };
    if (std::none_of(std::begin(kShownTypes), std::end(kShownTypes), is_it))
      file_.Note(path + ".value",
                 fmt::format("is a {}, which is no one text: name an element of it, or ofType() what has one",
                             definitions_.Type(shown).name));
  }
  return out;
}

void PrintReader::ReadTable(const std::string& path, fhir::Value part, PrintPart* out) {
  const std::string rows = part["rows"].ToString();
  out->rows = Compile(path + ".rows", rows, print_.type);
  fhir::TypeId type = fhir::kNoType;
  const auto source = std::find_if(print_.sources.begin(), print_.sources.end(),
                                   [&](const PrintSource& each) { return rows == "%" + each.name; });
  if (source != print_.sources.end())
    type = source->type;
  else if (out->rows != nullptr && out->rows->types().has_value() && out->rows->types()->size() == 1)
    type = out->rows->types()->front();
  if (type >= fhir::path::kSystemBoolean) type = fhir::kNoType;
  const fhir::Value columns = part["columns"];
  if (!columns.is_array() || columns.size() == 0 || columns.size() > kPrintColumnsMax)
    return file_.Note(path + ".columns", fmt::format("of a table is a list of 1 to {}", kPrintColumnsMax));
  for (size_t i = 0; i < columns.size(); ++i)
    out->values.push_back(ReadValue(fmt::format("{}.columns[{}]", path, i), columns.At(i), type));
  if (part["empty"].present()) out->text = ReadText(path + ".empty", part["empty"]);
}

void PrintReader::ReadPart(const std::string& path, fhir::Value part) {
  using Kind = exchange::SheetPart::Kind;
  CheckMembers(path, part, kPartMembers);
  constexpr std::string_view kMakers[] = {"fields", "rows", "text", "signatures"};
  if (std::count_if(std::begin(kMakers), std::end(kMakers),
                    [&](std::string_view maker) { return part[maker].present(); }) != 1)
    return file_.Note(path, fmt::format("has one of {}", fmt::join(kMakers, ", ")));
  PrintPart out;
  if (part["title"].present()) out.title = ReadText(path + ".title", part["title"]);
  if (part["when"].present()) out.when = Compile(path + ".when", part["when"].ToString(), print_.type);
  if (const fhir::Value fields = part["fields"]; fields.present()) {
    out.kind = Kind::kFields;
    out.columns = ReadCount(path + ".columns", part["columns"], 2, kGridColumnsMax);
    const size_t of = ReadOf(path + ".of", part["of"]);
    if (!fields.is_array() || fields.size() == 0 || fields.size() > kPrintFieldsMax)
      file_.Note(path + ".fields", fmt::format("is a list of 1 to {}", kPrintFieldsMax));
    for (size_t i = 0; fields.is_array() && i < std::min(fields.size(), kPrintFieldsMax); ++i) {
      const std::string place = fmt::format("{}.fields[{}]", path, i);
      const fhir::Value field = fields.At(i);
      const size_t own = field["of"].present() ? ReadOf(place + ".of", field["of"]) : of;
      out.values.push_back(ReadValue(place, field, TypeOf(own)));
      out.values.back().of = own;
    }
  } else if (part["rows"].present()) {
    out.kind = Kind::kTable;
    ReadTable(path, part, &out);
  } else if (part["text"].present()) {
    out.kind = part["small"].IsTrue() ? Kind::kSmallText : Kind::kText;
    out.text = ReadText(path + ".text", part["text"]);
  } else {
    out.kind = Kind::kSignatures;
    const fhir::Value signatures = part["signatures"];
    if (!signatures.is_array() || signatures.size() == 0 || signatures.size() > kSignaturesMax)
      file_.Note(path + ".signatures", fmt::format("is a list of 1 to {} texts", kSignaturesMax));
    for (size_t i = 0; signatures.is_array() && i < std::min(signatures.size(), kSignaturesMax); ++i)
      out.signatures.push_back(ReadText(fmt::format("{}.signatures[{}]", path, i), signatures.At(i)));
  }
  print_.parts.push_back(std::move(out));
}

void PrintReader::Read() {
  const fhir::Value root = file_.root();
  CheckMembers({}, root, kPrintMembers);
  if (print_.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    file_.Note("id", "is of lower case letters, digits and dashes: it stands in an address");
  ReadFor(root);
  if (print_.type == fhir::kNoType) return;
  ReadWith(root["with"]);
  ReadPage(root["page"]);
  if (root["institution"].present()) print_.institution = ReadText("institution", root["institution"]);
  if (root["number"].present()) print_.number = ReadText("number", root["number"]);
  if (const fhir::Value qr = root["qr"]; qr.present()) {
    print_.qr = ReadText("qr.value", qr["value"]);
    if (qr["title"].present()) print_.qr_title = ReadText("qr.title", qr["title"]);
  }
  const fhir::Value parts = root["parts"];
  if (!parts.is_array() || parts.size() == 0 || parts.size() > kPrintPartsMax)
    return file_.Note("parts", fmt::format("is a list of 1 to {}", kPrintPartsMax));
  for (size_t i = 0; i < parts.size(); ++i) ReadPart(fmt::format("parts[{}]", i), parts.At(i));
}

}  // namespace

std::vector<fhir::TypeId> Print::Reads() const {
  std::vector<fhir::TypeId> types = {type};
  for (const PrintSource& source : sources) types.push_back(source.type);
  return types;
}

Result<Print> ParsePrint(const fhir::Definitions& definitions, std::string_view app, std::string name,
                         std::string_view json, fhir::Value settings) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::string(json)));
  Print print;
  static_cast<rules::Head&>(print) = rules::ReadHead(&file, app, settings, rules::Wants::kSourceOfConstants);
  PrintReader(definitions, &file, &print).Read();
  if (!file.good()) return file.Failure();
  return print;
}

std::string PrintsJson(const fhir::Definitions& definitions, const std::vector<Print>& prints) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("prints").Array();
  for (const Print& print : prints) {
    out.Object().Member("id", print.id).Key("version").Int(print.version);
    out.Key("title").Object().Member("zh-CN", print.title_zh).Member("en", print.title_en).End();
    out.Member("type", definitions.Type(print.type).name).End();
  }
  out.End().End();
  return text;
}

}  // namespace tk::app
