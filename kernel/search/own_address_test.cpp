// Canonicals and urls that are addresses of this server, and references to records of others.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <functional>

#include "kernel/base/random.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

using OrdinalList = std::vector<view::Ordinal>;

struct AddressHouse {
  AddressHouse() { house.own_base = "http://here.org/fhir"; }
  view::Ordinal Put(std::string_view type, std::string_view id, std::string_view more) {
    return house.Put(
        fmt::format(R"({{"resourceType":"{}","id":"{}"{}{}}})", type, id, more.empty() ? "" : ",", more));
  }
  view::Ordinal Answers(std::string_view id, std::string_view questionnaire) {
    return Put("QuestionnaireResponse", id,
               fmt::format(R"("status":"completed","questionnaire":"{}")", questionnaire));
  }
  OrdinalList Found(const std::string& type, const std::string& text) const {
    const auto page = house.Ask(type, text);
    if (!page.ok()) ADD_FAILURE() << text << ": " << page.error().ToString();
    OrdinalList found = page.ok() ? page->ordinals : OrdinalList();
    std::sort(found.begin(), found.end());
    return found;
  }
  OrdinalList Included(const std::string& type, const std::string& text) const {
    const auto& definitions = *house.definitions;
    const auto query = ParseQuery(definitions, definitions.FindType(type), text, {});
    EXPECT_TRUE(query.ok()) << query.error().ToString();
    IncludeRequest include;
    include.page.position = house.Head();
    include.may_read = [](fhir::TypeId) { return true; };
    include.own_base = house.own_base;
    auto found = house.index->Include(*query, Found(type, text), include);
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    std::sort(found->ordinals.begin(), found->ordinals.end());
    return found->ordinals;
  }
  House house;
};

TEST(OwnAddress, FindsACanonicalByItsTextAndByTypeAndId) {
  AddressHouse h;
  const auto far = h.Answers("far", "http://here.org/fhir/Questionnaire/q");
  const auto near = h.Answers("near", "Questionnaire/q");
  const auto versioned = h.Answers("versioned", "http://here.org/fhir/Questionnaire/q|2");
  h.Answers("other", "http://there.org/fhir/Questionnaire/q");
  const std::string type = "QuestionnaireResponse";
  const OrdinalList all{far, near, versioned};
  for (const char* asked :
       {"questionnaire=http://here.org/fhir/Questionnaire/q", "questionnaire=Questionnaire/q",
        "questionnaire=q", "questionnaire:Questionnaire=q",
        "questionnaire:below=http://here.org/fhir/Questionnaire/q", "questionnaire:below=Questionnaire/q"})
    EXPECT_EQ(h.Found(type, asked), all) << asked;
  for (const char* asked : {"questionnaire=http://here.org/fhir/Questionnaire/q|2",
                            "questionnaire=Questionnaire/q|2", "questionnaire:Questionnaire=q|2"})
    EXPECT_EQ(h.Found(type, asked), OrdinalList{versioned}) << asked;
  EXPECT_TRUE(h.Found(type, "questionnaire=http://here.org/fhir/Questionnaire/q|3").empty());
  EXPECT_EQ(h.Found(type, "questionnaire=http://here.org/fhir/Questionnaire/q,Questionnaire/none"), all);
  EXPECT_EQ(h.Found(type, "_id=far&questionnaire=Questionnaire/q"), OrdinalList{far});
  EXPECT_TRUE(h.Found(type, "questionnaire=Questionnaire/other").empty());
}

TEST(OwnAddress, FindsAPartByTheWholeToo) {
  AddressHouse h;
  const auto part = h.Answers("part", "http://here.org/fhir/Questionnaire/q#1");
  for (const char* asked :
       {"questionnaire=http://here.org/fhir/Questionnaire/q%231",
        "questionnaire=http://here.org/fhir/Questionnaire/q", "questionnaire=Questionnaire/q"})
    EXPECT_EQ(h.Found("QuestionnaireResponse", asked), OrdinalList{part}) << asked;
}

TEST(OwnAddress, ACanonicalOfOneWordIsFoundByIt) {
  AddressHouse h;
  const auto word = h.Answers("word", "a-form");
  const auto near = h.Answers("near", "Questionnaire/a-form");
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire=a-form"), (OrdinalList{word, near}));
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire=Questionnaire/a-form"), OrdinalList{near});
  h.house.own_base.clear();
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire=a-form"), (OrdinalList{word, near}));
}

TEST(OwnAddress, FindsAUrlByItsTextAndByTypeAndId) {
  AddressHouse h;
  const auto far = h.Put("ValueSet", "v", R"("status":"active","url":"http://here.org/fhir/ValueSet/v")");
  const auto patient =
      h.Put("Patient", "p", R"("meta":{"profile":["http://here.org/fhir/StructureDefinition/s|1"]})");
  const auto relative = h.Put("Patient", "r", R"("meta":{"profile":["StructureDefinition/s"]})");
  const auto plan =
      h.Put("PlanDefinition", "d", R"("status":"active","library":["http://here.org/fhir/Library/l"])");
  const auto derived = h.Put(
      "StructureDefinition", "own2",
      R"("url":"http://x","status":"active","baseDefinition":"http://here.org/fhir/StructureDefinition/own")");
  for (const char* asked : {"url=http://here.org/fhir/ValueSet/v", "url=ValueSet/v"})
    EXPECT_EQ(h.Found("ValueSet", asked), OrdinalList{far}) << asked;
  EXPECT_TRUE(h.Found("ValueSet", "url=ValueSet/w").empty());
  for (const char* asked :
       {"_profile=http://here.org/fhir/StructureDefinition/s", "_profile=StructureDefinition/s"})
    EXPECT_EQ(h.Found("Patient", asked), (OrdinalList{patient, relative})) << asked;
  EXPECT_EQ(h.Found("Patient", "_profile=StructureDefinition/s|1"), OrdinalList{patient});
  for (const char* asked : {"depends-on=http://here.org/fhir/Library/l", "depends-on=Library/l"})
    EXPECT_EQ(h.Found("PlanDefinition", asked), OrdinalList{plan}) << asked;
  for (const char* asked :
       {"base=http://here.org/fhir/StructureDefinition/own", "base=StructureDefinition/own"})
    EXPECT_EQ(h.Found("StructureDefinition", asked), OrdinalList{derived}) << asked;
}

TEST(OwnAddress, LeadsToWhatIsThere) {
  AddressHouse h;
  const auto one =
      h.Put("Questionnaire", "q", R"("url":"http://x.org/Q","version":"2","status":"active","title":"one")");
  const auto far = h.Answers("far", "http://here.org/fhir/Questionnaire/q");
  const auto versioned = h.Answers("versioned", "http://here.org/fhir/Questionnaire/q|2");
  const auto part = h.Answers("part", "http://here.org/fhir/Questionnaire/q#1");
  const auto by_url = h.Answers("by-url", "http://x.org/Q");
  const auto old = h.Answers("old", "http://here.org/fhir/Questionnaire/q|1");
  const auto other = h.Answers("other", "http://there.org/fhir/Questionnaire/q");
  const std::string type = "QuestionnaireResponse";
  const OrdinalList all{far, versioned, part, by_url};
  EXPECT_EQ(h.Found(type, "questionnaire.title=one"), all);
  EXPECT_EQ(h.Found(type, "_id=far,versioned,part,by-url,old,other&questionnaire.title=one"), all);
  EXPECT_EQ(h.Found(type, "questionnaire.title:missing=false"), all);
  for (const char* id : {"far", "versioned", "part", "by-url"}) {
    const std::string named = std::string("_id=") + id;
    EXPECT_EQ(h.Included(type, named + "&_include=QuestionnaireResponse:questionnaire"), OrdinalList{one})
        << id;
    EXPECT_EQ(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:" + named), OrdinalList{one})
        << id;
    EXPECT_EQ(h.Found("Questionnaire", "_id=q&_has:QuestionnaireResponse:questionnaire:" + named),
              OrdinalList{one})
        << id;
  }
  EXPECT_TRUE(h.Included(type, "_id=old,other&_include=*").empty());
  EXPECT_EQ(h.Included("Questionnaire", "_id=q&_revinclude=QuestionnaireResponse:questionnaire"), all);
  EXPECT_TRUE(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=old,other").empty());
  h.house.own_base = "http://there.org/fhir";
  EXPECT_EQ(h.Found(type, "questionnaire.title=one"), (OrdinalList{by_url, other})) << "whose address it is";
  (void)old;
}

TEST(OwnAddress, LeadsOutOfWhatIsContained) {
  AddressHouse h;
  h.Put("Questionnaire", "q", R"("url":"http://x.org/Q","version":"2","status":"active","title":"one")");
  const auto inside = [&](std::string_view id, std::string_view questionnaire) {
    return h.Put("Observation", id,
                 fmt::format(R"("status":"final","code":{{"text":"x"}},"contained":[{{)"
                             R"("resourceType":"QuestionnaireResponse","id":"r","status":"completed",)"
                             R"("questionnaire":"{}"}}],"derivedFrom":[{{"reference":"#r"}}])",
                             questionnaire));
  };
  const auto far = inside("a", "http://here.org/fhir/Questionnaire/q"),
             versioned = inside("b", "http://here.org/fhir/Questionnaire/q|2");
  inside("c", "http://there.org/fhir/Questionnaire/q");
  inside("d", "http://here.org/fhir/Questionnaire/q|3");
  EXPECT_EQ(h.Found("Observation", "derived-from:QuestionnaireResponse.questionnaire.title=one"),
            (OrdinalList{far, versioned}));
}

// A value that can be asked for is not missing; of what type it is its address says, if it does.
TEST(ReferenceElsewhere, IsThereForTheTypeThatItSays) {
  AddressHouse h;
  const auto put = [&](const char* id, const char* subject) {
    return h.Put("Observation", id,
                 fmt::format(R"("status":"final","code":{{"text":"x"}},"subject":{{{}}})", subject));
  };
  const auto patient = put("a", R"("reference":"http://other.org/fhir/Patient/9")");
  const auto versioned = put("b", R"("reference":"http://other.org/fhir/Patient/9/_history/2")");
  const auto unsaid = put("c", R"("reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")");
  const auto page = put("d", R"("reference":"http://other.org/page?id=9")");
  const auto shown = put("e", R"("display":"someone")");
  const auto group = put("f", R"("reference":"http://other.org/fhir/Group/9")");
  const auto here = put("g", R"("reference":"Group/1")");
  EXPECT_EQ(h.Found("Observation", "patient:missing=false"),
            (OrdinalList{patient, versioned, unsaid, page, shown}));
  EXPECT_EQ(h.Found("Observation", "patient:missing=true"), (OrdinalList{group, here}));
  EXPECT_EQ(h.Found("Observation", "_id=a,f&patient:missing=false"), OrdinalList{patient});
  EXPECT_TRUE(h.Found("Observation", "subject:missing=true").empty());
  EXPECT_EQ(h.Found("Observation", "patient=http://other.org/fhir/Patient/9"),
            (OrdinalList{patient, versioned}));
  EXPECT_TRUE(h.Found("Observation", "patient=http://other.org/fhir/Group/9").empty());
  EXPECT_EQ(h.Found("Observation", "subject=http://other.org/fhir/Group/9"), OrdinalList{group});
  EXPECT_EQ(h.Found("Observation", "patient=urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"),
            OrdinalList{unsaid});
}

// Random questionnaires and answers, asked by every spelling: what an evaluator says that reads the texts as they are written.
class RandomAddresses {
 public:
  explicit RandomAddresses(uint64_t seed) : random_(seed) {}

  void Run() {
    for (int i = 0; i < 12; ++i) {
      Form form{std::to_string(random_.Below(4)), Canonical(false), std::to_string(random_.Below(3)), 0};
      if (form.version == "0") form.version.clear();
      std::erase_if(forms_, [&](const Form& f) { return f.id == form.id; });
      form.ordinal = h_.Put("Questionnaire", form.id,
                            fmt::format(R"("status":"active","url":"{}"{})", form.url,
                                        form.version.empty() ? "" : R"(,"version":")" + form.version + "\""));
      forms_.push_back(form);
    }
    for (int i = 0; i < 25; ++i) {
      Answer answer{fmt::format("r{}", i), Canonical(true), 0};
      answer.ordinal = h_.Answers(answer.id, answer.canonical);
      answers_.push_back(answer);
    }
    for (int i = 0; i < 60; ++i) Ask();
  }

 private:
  struct Form {
    std::string id, url, version;
    view::Ordinal ordinal;
  };
  struct Answer {
    std::string id, canonical;
    view::Ordinal ordinal;
  };
  std::string Canonical(bool with_version) {
    constexpr const char* kBases[] = {"http://here.org/fhir/", "http://there.org/fhir/", "http://x.org/"};
    std::string text = kBases[random_.Below(3)] + ("Questionnaire/" + std::to_string(random_.Below(4)));
    if (with_version && random_.Below(3) == 0) text += "|" + std::to_string(1 + random_.Below(2));
    return text;
  }
  static std::string Plain(const std::string& text) { return text.substr(0, text.find('|')); }
  bool Leads(const Answer& answer, const Form& form) const {
    const std::string plain = Plain(answer.canonical);
    const bool named = plain == form.url || plain == h_.house.own_base + "/Questionnaire/" + form.id;
    return named && (plain == answer.canonical || answer.canonical == plain + "|" + form.version);
  }
  OrdinalList Those(const std::function<bool(const Answer&)>& holds) const {
    OrdinalList out;
    for (const Answer& answer : answers_) {
      if (holds(answer)) out.push_back(answer.ordinal);
    }
    return out;
  }
  void Ask() {
    const std::string asked = Canonical(true), own = h_.house.own_base + "/";
    const auto found = [&](const Answer& a) { return a.canonical == asked || Plain(a.canonical) == asked; };
    EXPECT_EQ(h_.Found("QuestionnaireResponse", "questionnaire=" + asked), Those(found)) << asked;
    if (asked.starts_with(own)) {
      EXPECT_EQ(h_.Found("QuestionnaireResponse", "questionnaire=" + asked.substr(own.size())), Those(found))
          << asked;
    }
    const Form& form = forms_[random_.Below(forms_.size())];
    const OrdinalList led = Those([&](const Answer& answer) { return Leads(answer, form); });
    EXPECT_EQ(h_.Found("QuestionnaireResponse", "questionnaire._id=" + form.id), led) << form.url;
    EXPECT_EQ(h_.Found("QuestionnaireResponse", "questionnaire:missing=false&questionnaire._id=" + form.id),
              led);
    EXPECT_EQ(
        h_.Included("Questionnaire", "_id=" + form.id + "&_revinclude=QuestionnaireResponse:questionnaire"),
        led);
    const Answer& answer = answers_[random_.Below(answers_.size())];
    OrdinalList targets;
    for (const Form& each : forms_) {
      if (Leads(answer, each)) targets.push_back(each.ordinal);
    }
    std::sort(targets.begin(), targets.end());
    EXPECT_EQ(h_.Included("QuestionnaireResponse",
                          "_id=" + answer.id + "&_include=QuestionnaireResponse:questionnaire"),
              targets)
        << answer.canonical;
    EXPECT_EQ(h_.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=" + answer.id), targets)
        << answer.canonical;
  }

  SeededRandom random_;
  AddressHouse h_;
  std::vector<Form> forms_;
  std::vector<Answer> answers_;
};

TEST(OwnAddress, AgreesWithAnEvaluatorOfTheTexts) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    RandomAddresses(seed).Run();
  }
}

}  // namespace
}  // namespace tk::search
