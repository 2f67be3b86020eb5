// Any bytes: a message is read or refused, what is read can be asked at every place, mapped and acknowledged, and the acknowledgement is a message itself.
#include <cstddef>
#include <cstdint>

#include "kernel/fhir/value.h"
#include "kernel/hl7v2/map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tk;
  using namespace tk::hl7v2;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const AckOptions options{"1", 0, 480};
  const auto message = Message::Parse(bytes);
  if (!message.ok()) {
    CHECK(Message::Parse(AcknowledgeBytes(bytes, message.error(), options)).ok());
    return 0;
  }
  for (const Segment& segment : message->segments()) {
    for (std::size_t field = 0; field <= segment.fields.size(); ++field) {
      const Part part = message->FieldOf(segment, field);
      for (std::size_t n = 1; n <= part.Repetitions() && n < 8; ++n)
        (void)part.Repetition(n).Component(2).Subcomponent(2).Text();
    }
  }
  MapScene scene;
  scene.sender = "urn:here";
  scene.id_of = [](std::string_view, std::string_view) { return "1"; };
  const auto mapped = Map::For(*message).Apply(*message, scene);
  if (mapped.ok()) {
    for (const MappedResource& resource : mapped->resources) {
      for (const auto& [name, json] : resource.given) CHECK(json.empty() || fhir::Document::Parse(json).ok());
    }
  }
  const std::vector<Note> notes = mapped.ok() ? mapped->warnings : NotesOf(mapped.error());
  const auto ack = Message::Parse(Acknowledge(*message, "AA", notes, options));
  CHECK(ack.ok() && ack->control_id() == "1");
  return 0;
}
