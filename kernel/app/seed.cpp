#include "kernel/app/seed.h"

#include <fmt/format.h>

#include <chrono>
#include <future>

#include "kernel/app/asking.h"
#include "kernel/fhir/json_file.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/permit.h"

namespace tk::app {
namespace {

constexpr std::chrono::milliseconds kLook(200);

/// `root` with its meta.source.
std::string WithSource(fhir::Value root, std::string_view app) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  for (const fhir::Value member : root) {
    if (member.name_text() != "meta") out.Key(member.name_text()).Raw(member.Json());
  }
  out.Key("meta").Object().Member("source", fmt::format("urn:tongkang:seed:{}", app));
  for (const fhir::Value member : root["meta"]) {
    if (member.name_text() != "source") out.Key(member.name_text()).Raw(member.Json());
  }
  out.End().End();
  return text;
}

}  // namespace

Result<Seed> ParseSeed(const fhir::Definitions& definitions, std::string_view app, std::string name,
                       std::string_view json) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(name, std::string(json)));
  const fhir::Value root = file.root();
  Seed seed;
  seed.name = std::move(name);
  seed.type = definitions.FindType(root["resourceType"].ToString());
  seed.id = root["id"].ToString();
  if (!definitions.IsResource(seed.type))
    file.Note("resourceType", "names no resource type: a file of seed is one resource");
  if (!interaction::IsId(seed.id))
    file.Note("id", "is missing, or is none: 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'");
  if (file.good()) {
    if (const Status valid = fhir::CheckValid(definitions, root); !valid.ok()) file.Note({}, valid.error());
  }
  if (!file.good()) return file.Failure();
  seed.json = WithSource(root, app);
  return seed;
}

Sower::Sower(Options options, std::vector<Seed> seeds)
    : options_(std::move(options)), seeds_(std::move(seeds)) {
  if (seeds_.empty()) return;
  if (options_.engine->ready()) {
    Sow();
    return;
  }
  thread_ = std::thread([this] {
    while (!stopping_.load() && !options_.engine->ready()) std::this_thread::sleep_for(kLook);
    if (!stopping_.load()) Sow();
  });
}

Sower::~Sower() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
}

void Sower::Sow() {
  for (const Seed& seed : seeds_) {
    if (stopping_.load()) return;
    if (const Status sown = SowOne(seed); !sown.ok())
      options_.report(fmt::format("{}: could not be written, and is tried at the next start: {}", seed.name,
                                  sown.error().external));
  }
}

Status Sower::SowOne(const Seed& seed) const {
  const view::Engine& engine = *options_.engine;
  const std::string type(engine.definitions().Type(seed.type).name);
  if (engine.directory().Current(engine.IdHash(type, seed.id), engine.Head()).ordinal != 0) return {};
  interaction::Request request;
  request.method = interaction::Method::kPut;
  request.path = {type, seed.id};
  request.body = seed.json;
  request.content_type = "application/fhir+json";
  request.base_url = "urn:tongkang";
  request.viewer = PlatformViewer();
  auto promise = std::make_shared<std::promise<interaction::Response>>();
  auto answered = promise->get_future();
  options_.interactions->Handle(
      std::move(request), [promise](interaction::Response answer) { promise->set_value(std::move(answer)); });
  const interaction::Response response = answered.get();
  if (response.status == 200 || response.status == 201) return {};
  const auto outcome = fhir::Document::Parse(response.body);
  return MakeError(ErrorCode::kInvalid, outcome.ok()
                                            ? outcome->Root()["issue"].At(0)["diagnostics"].ToString()
                                            : fmt::format("answered {}", response.status));
}

}  // namespace tk::app
