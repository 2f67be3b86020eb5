// What a resource asks of another that it names, and of parts of its own that name one another: told by $validate, no write is refused for it.
// - MeasureReport, where its Measure is known here: each group is one of the Measure's, and a complete report has the populations and
//   stratifiers of that group;
//   a cohort, and a collection of data, have no score;
// - Questionnaire: what enables an item is a question of this Questionnaire, and none within the item itself; the pattern of its extension
//   regex can be read (a warning: no answer is judged by one that cannot).
// - OperationDefinition, where its inputProfile and outputProfile are known here: they do not conflict with its parameters; they may narrow them.
// Source: FHIR R4 operationdefinition.html (inputProfile: "the profile shall not conflict with what is specified in the parameters"), measurereport.html (group: "one for each population group in the measure", population: "one for each type of population",
//         stratifier), measure.html (scoring), questionnaire.html (enableWhen.question).
#pragma once

#include <vector>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// Of `root`, or of the resources in it where it is a Bundle, at most `issues_max` errors and as many warnings. Ends when `time` is over. Cost: a walk over groups or items, and the groups
/// of the one by those of the other.
/// `own_base`: as FindByUrlOrAddress has it.
std::vector<Issue> RelatedProblems(Profiles& profiles, Value root, size_t issues_max, CheckTime& time,
                                   std::string_view own_base = {});

}  // namespace tk::fhir
