#include "bench/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

namespace tk::bench {
namespace {

void AppendRequest(const WorkOptions& options, std::string_view method, std::string_view target,
                   std::string_view body, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n",
                 method, target, options.host, options.token);
  if (!body.empty())
    fmt::format_to(std::back_inserter(*out), "Content-Type: application/fhir+json\r\nContent-Length: {}\r\n",
                   body.size());
  out->append("\r\n");
  out->append(body);
}

Error Unexpected(const Answer& answer) {
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("status {}: {}", answer.status, answer.body.substr(0, 600)));
}

Result<std::string> ReadAll(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return MakeError(ErrorCode::kNotFound, fmt::format("{} cannot be read", file));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<std::vector<std::string>> ReadLines(const std::string& file) {
  const std::string text = TRY(ReadAll(file));
  std::vector<std::string> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.empty()) lines.emplace_back(line);
  }
  if (lines.empty()) return MakeError(ErrorCode::kIncorrect, fmt::format("{} has no lines", file));
  return lines;
}

/// Entries answered 200 or 201 in a transaction-response.
uint32_t EntriesIn(std::string_view body) {
  uint32_t count = 0;
  for (size_t at = body.find("\"status\":\"20"); at != std::string_view::npos;
       at = body.find("\"status\":\"20", at + 1))
    ++count;
  return count;
}

Result<uint32_t> TakeBundle(const Answer& answer) {
  if (answer.status != 200) return Unexpected(answer);
  const uint32_t entries = EntriesIn(answer.body);
  if (entries == 0) return MakeError(ErrorCode::kIncorrect, "a transaction was answered without entries");
  return entries;
}

class CityWork final : public Work {
 public:
  CityWork(const WorkOptions& options, uint64_t from, uint64_t end)
      : options_(options), city_(options.seed), next_(from), end_(end) {}
  bool Next(size_t, std::string* out) override {
    if (next_ >= end_) return false;
    city_.NextBundle(&next_, end_, &bundle_);
    AppendRequest(options_, "POST", "/fhir", bundle_, out);
    return true;
  }
  Result<uint32_t> Take(size_t, const Answer& answer) override { return TakeBundle(answer); }

 private:
  WorkOptions options_;
  City city_;
  uint64_t next_, end_;
  std::string bundle_;
};

class FolderWork final : public Work {
 public:
  FolderWork(const WorkOptions& options, std::vector<std::string> bundles)
      : options_(options), bundles_(std::move(bundles)) {}
  bool Next(size_t, std::string* out) override {
    if (next_ == bundles_.size()) return false;
    AppendRequest(options_, "POST", "/fhir", bundles_[next_++], out);
    return true;
  }
  Result<uint32_t> Take(size_t, const Answer& answer) override { return TakeBundle(answer); }

 private:
  WorkOptions options_;
  std::vector<std::string> bundles_;
  size_t next_ = 0;
};

/// Reads as it sends: a file of some millions stays where it is.
class PatientWork final : public Work {
 public:
  PatientWork(const WorkOptions& options, std::ifstream file, uint64_t left, uint64_t together)
      : options_(options), file_(std::move(file)), left_(left), together_(together) {}
  bool Next(size_t, std::string* out) override {
    std::string line;
    if (together_ == 1) {
      if (!NextLine(&line)) return false;
      AppendRequest(options_, "POST", "/fhir/Patient", line, out);
      return true;
    }
    std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    size_t entries = 0;
    for (; entries < together_ && NextLine(&line); ++entries) {
      bundle += entries == 0 ? R"({"resource":)" : R"(,{"resource":)";
      bundle += line;
      bundle += R"(,"request":{"method":"POST","url":"Patient"}})";
    }
    if (entries == 0) return false;
    AppendRequest(options_, "POST", "/fhir", bundle + "]}", out);
    return true;
  }
  Result<uint32_t> Take(size_t, const Answer& answer) override {
    if (together_ > 1) return TakeBundle(answer);
    if (answer.status != 201) return Unexpected(answer);
    return 1u;
  }

 private:
  bool NextLine(std::string* line) {
    if (left_ == 0 || !std::getline(file_, *line)) return false;
    --left_;
    return true;
  }

  WorkOptions options_;
  std::ifstream file_;
  uint64_t left_;
  const uint64_t together_;
};

class ListWork final : public Work {
 public:
  ListWork(const WorkOptions& options, const std::vector<std::string>& lines) : random_(options.seed) {
    for (const std::string& line : lines) {
      const size_t space = line.find(' '), tab = std::min(line.find('\t'), line.size());
      std::string request;
      const std::string_view all(line);
      AppendRequest(options, all.substr(0, space), all.substr(space + 1, tab - space - 1),
                    tab < line.size() ? all.substr(tab + 1) : "", &request);
      requests_.push_back(std::move(request));
    }
  }
  bool Next(size_t, std::string* out) override {
    out->append(requests_[random_.Below(requests_.size())]);
    return true;
  }
  Result<uint32_t> Take(size_t, const Answer& answer) override {
    if (answer.status != 200 && answer.status != 201) return Unexpected(answer);
    return 1u;
  }

 private:
  SeededRandom random_;
  std::vector<std::string> requests_;
};

/// Each connection leads one Observation after the other through its life.
class LifeWork final : public Work {
 public:
  LifeWork(const WorkOptions& options, std::vector<std::string> bodies, size_t connections)
      : options_(options), random_(options.seed), bodies_(std::move(bodies)), lives_(connections) {}

  bool Next(size_t connection, std::string* out) override {
    Life& life = lives_[connection];
    if (life.step == 0) life.body = random_.Below(bodies_.size());
    const std::string target = life.step == 0 ? "/fhir/Observation" : "/fhir/Observation/" + life.id;
    switch (life.step) {
      case 0:
        AppendRequest(options_, "POST", target, bodies_[life.body], out);
        break;
      case 1:
        AppendRequest(options_, "GET", target, {}, out);
        break;
      case 2:
        AppendRequest(options_, "PUT", target, WithId(bodies_[life.body], life.id), out);
        break;
      default:
        AppendRequest(options_, "DELETE", target, {}, out);
        break;
    }
    return true;
  }
  Result<uint32_t> Take(size_t connection, const Answer& answer) override {
    Life& life = lives_[connection];
    constexpr std::array kStatus = {201, 200, 200, 204};
    const size_t step = life.step;
    life.step = answer.status == kStatus[step] ? (step + 1) % kStatus.size() : 0;
    if (answer.status != kStatus[step]) return Unexpected(answer);
    if (step == 0 && !TakeId(answer.head, &life.id)) {
      life.step = 0;
      return MakeError(ErrorCode::kIncorrect, "a create was answered without Location");
    }
    return 1u;
  }

 private:
  struct Life {
    size_t step = 0, body = 0;
    std::string id;
  };

  static std::string WithId(std::string_view body, std::string_view id) {
    return fmt::format("{{\"id\":\"{}\",{}", id, body.substr(1));
  }
  static bool TakeId(std::string_view head, std::string* id) {
    constexpr std::string_view kMark = "/Observation/";
    const size_t from = head.find(kMark);
    if (from == std::string_view::npos) return false;
    const size_t begin = from + kMark.size();
    const size_t end = head.find_first_of("/\r", begin);
    *id = head.substr(begin, end - begin);
    return !id->empty();
  }

  WorkOptions options_;
  SeededRandom random_;
  std::vector<std::string> bodies_;
  std::vector<Life> lives_;
};

}  // namespace

std::unique_ptr<Work> MakeCityWork(const WorkOptions& options, uint64_t from, uint64_t end) {
  return std::make_unique<CityWork>(options, from, end);
}

Result<std::unique_ptr<Work>> MakeFolderWork(const WorkOptions& options, const std::string& folder) {
  std::map<std::string, std::string> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") found[entry.path().filename()] = TRY(ReadAll(entry.path()));
  }
  if (failed || found.empty())
    return MakeError(ErrorCode::kNotFound, fmt::format("there are no *.json in {}", folder));
  std::vector<std::string> bundles;
  for (auto& [name, text] : found) bundles.push_back(std::move(text));
  return std::unique_ptr<Work>(std::make_unique<FolderWork>(options, std::move(bundles)));
}

Result<std::unique_ptr<Work>> MakePatientWork(const WorkOptions& options, const std::string& file,
                                              uint64_t from, uint64_t end, uint64_t together) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  for (uint64_t i = 0; i < from && std::getline(in, line); ++i) {
  }
  if (!in || from >= end || together == 0)
    return MakeError(ErrorCode::kIncorrect, fmt::format("{} has no lines from {} to {}", file, from, end));
  return std::unique_ptr<Work>(std::make_unique<PatientWork>(options, std::move(in), end - from, together));
}

Result<std::unique_ptr<Work>> MakeListWork(const WorkOptions& options, const std::string& file) {
  const std::vector<std::string> lines = TRY(ReadLines(file));
  return std::unique_ptr<Work>(std::make_unique<ListWork>(options, lines));
}

Result<std::unique_ptr<Work>> MakeLifeWork(const WorkOptions& options, const std::string& file,
                                           size_t connections) {
  return std::unique_ptr<Work>(std::make_unique<LifeWork>(options, TRY(ReadLines(file)), connections));
}

}  // namespace tk::bench
