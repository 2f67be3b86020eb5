// The empty table of readings, for those who fill it in.
#include <fmt/format.h>

#include "apps/screening/import_jobs.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::screening {
namespace {

using interaction::Request;
using interaction::Response;

std::vector<std::string> Heads() {
  std::vector<std::string> heads;
  for (const CsvColumn& column : Columns()) heads.emplace_back(column.names[1]);  // as people call it
  return heads;
}

std::vector<std::string> Explained() {
  std::string symptoms;
  for (const exchange::Symptom& symptom : exchange::Symptoms())
    symptoms += fmt::format("{}、", symptom.display);
  return {"每人每次测量一行。姓名和测量时间必填，体温和症状至少填一项。",
          "证件号码：18 位居民身份证号。没有的，填电话和出生日期。",
          "测量时间：2026-11-23，或 2026-11-23 08:30。",
          "体温：摄氏度，如 36.6。",
          fmt::format("症状：{}用逗号隔开；都没有的填“无”。", symptoms),
          "网格代码、住址：系统里还没有的人才用得上。",
          "编号：本单位给这一行的编号，可不填。同一编号再传一次算更正，不填按人和时间认。"};
}

/// "xlsx" without a word about it.
Result<std::string> ReadForm(const Request& request) {
  std::string form = "xlsx";
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name != "format" || (parameter.value != "xlsx" && parameter.value != "csv"))
      return interaction::UnknownParameter(parameter.name, "format (xlsx or csv)");
    form = parameter.value;
  }
  return form;
}

}  // namespace

Result<Response> HandleTemplate(const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-import"));
  if (request.method != interaction::Method::kGet && request.method != interaction::Method::kHead)
    return interaction::Refusal(405, "not-supported", "A template is read by GET.");
  const std::string form = TRY(ReadForm(request));
  Response response;
  if (form == "xlsx") {
    response.body = TRY(exchange::XlsxTemplate(Heads(), Explained()));
    response.content_type = exchange::kXlsxType;
  } else {
    response.body = fmt::format("\xef\xbb\xbf{}\r\n", fmt::join(Heads(), ","));
    response.content_type = "text/csv; charset=utf-8";
  }
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("attachment; filename=\"screening.{}\"", form));
  return response;
}

}  // namespace tk::screening
