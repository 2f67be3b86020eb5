// Answers against their Questionnaire: is each item known and in its place, answered as often as asked, with the right type and a permitted
// value; and is everything required that is enabled answered?
// Flow:   QuestionnaireResponse.questionnaire → Canonicals → items beside items → issues with element path
// What is in progress may lack required answers. An unknown Questionnaire is told as a warning.
// Limits: 20,000 items, 32 levels.
// Source: FHIR R4 questionnaire.html, questionnaireresponse.html (status, enableWhen), the extensions minValue, maxValue, minLength, regex,
//         maxDecimalPlaces, minOccurs, maxOccurs of the Questionnaire's items.
#pragma once

#include <vector>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// Of a QuestionnaireResponse, and of those in a Bundle, each by itself; else empty. `warnings`: also what could not be checked. `now_us`: the time
/// that constraints ask for. It ends when `time` is over. `own_base`: as FindByUrlOrAddress has it.
std::vector<Issue> CheckAnswers(const Definitions& definitions, Profiles& profiles, Value root, bool warnings,
                                int64_t now_us, CheckTime& time, std::string_view own_base = {});

}  // namespace tk::fhir
