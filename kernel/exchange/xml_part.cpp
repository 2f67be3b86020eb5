#include "kernel/exchange/xml_part.h"

#include <expat.h>
#include <fmt/format.h>

namespace tk::exchange {
namespace {

constexpr int kPieceBytes = 64 << 10;

std::string_view WithoutPrefix(std::string_view name) { return name.substr(name.rfind(':') + 1); }

}  // namespace

std::string_view XmlAttributes::Of(std::string_view name) const {
  for (const char** each = all_; each[0] != nullptr; each += 2) {
    if (WithoutPrefix(each[0]) == name) return each[1];
  }
  return {};
}

struct XmlPart::State {
  State(ZipFile::Part read, XmlHandler* told) : part(std::move(read)), handler(told) {}
  ~State() { XML_ParserFree(parser); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& Of(void* user) { return *static_cast<State*>(user); }
  void Refuse(const char* why) {
    refusal = why;
    XML_StopParser(parser, XML_FALSE);
  }
  static void OnBegin(void* user, const XML_Char* name, const XML_Char** attributes) {
    State& state = Of(user);
    if (++state.depth > kXmlDepthMax) return state.Refuse("elements lie in one another too deep");
    state.handler->Begin(WithoutPrefix(name), XmlAttributes(attributes));
  }
  static void OnEnd(void* user, const XML_Char* name) {
    State& state = Of(user);
    --state.depth;
    state.handler->End(WithoutPrefix(name));
  }
  static void OnText(void* user, const XML_Char* text, int size) {
    Of(user).handler->Text({text, static_cast<size_t>(size)});
  }
  static void OnDocumentType(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    Of(user).Refuse("it declares a document type");
  }

  ZipFile::Part part;
  XmlHandler* handler;
  XML_Parser parser = XML_ParserCreate(nullptr);
  size_t depth = 0, fed = 0;
  const char* refusal = nullptr;
  bool ended = false;
};

XmlPart::XmlPart(ZipFile::Part part, XmlHandler* handler)
    : state_(std::make_unique<State>(std::move(part), handler)) {
  CHECK(state_->parser != nullptr);
  XML_SetUserData(state_->parser, state_.get());
  XML_SetElementHandler(state_->parser, State::OnBegin, State::OnEnd);
  XML_SetCharacterDataHandler(state_->parser, State::OnText);
  XML_SetStartDoctypeDeclHandler(state_->parser, State::OnDocumentType);
}
XmlPart::XmlPart(XmlPart&&) noexcept = default;
XmlPart& XmlPart::operator=(XmlPart&&) noexcept = default;
XmlPart::~XmlPart() = default;

Result<bool> XmlPart::Step() {
  if (state_->ended) return false;
  void* const buffer = XML_GetBuffer(state_->parser, kPieceBytes);
  if (buffer == nullptr) return MakeError(ErrorCode::kTooLarge, "The file is too large to be read.");
  const size_t read = TRY(state_->part.Read(static_cast<char*>(buffer), kPieceBytes));
  state_->fed += read;
  state_->ended = read == 0;
  const XML_Status status =
      XML_ParseBuffer(state_->parser, static_cast<int>(read), state_->ended ? XML_TRUE : XML_FALSE);
  if (status != XML_STATUS_OK)
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("The file is no sound spreadsheet (line {}, column {} of its inside: {}). Save it "
                    "anew and send it again.",
                    XML_GetCurrentLineNumber(state_->parser), XML_GetCurrentColumnNumber(state_->parser),
                    state_->refusal != nullptr ? state_->refusal
                                               : XML_ErrorString(XML_GetErrorCode(state_->parser))));
  // What Expat has taken and not told yet is one tag that has not ended: it would be read again from its beginning with every piece.
  const XML_Index told = XML_GetCurrentByteIndex(state_->parser);
  if (!state_->ended && told >= 0 && state_->fed - static_cast<size_t>(told) > kXmlTagBytesMax + kPieceBytes)
    return MakeError(ErrorCode::kTooLarge,
                     "The file is no sound spreadsheet: a tag in it is longer than 1 MB.");
  return !state_->ended;
}

Status XmlPart::ReadAll() {
  while (TRY(Step())) {
  }
  return {};
}

}  // namespace tk::exchange
