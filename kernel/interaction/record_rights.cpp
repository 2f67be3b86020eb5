#include "kernel/interaction/record_rights.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/posts.h"
#include "kernel/forms/form.h"

namespace tk::interaction {
namespace {

/// The element by which a record of the type is an organization's; "" if that is not asked of this post.
std::string_view OrganizationElement(const access::Post& post, std::string_view type) {
  const auto at = post.organization.find(type);
  return at == post.organization.end() ? std::string_view() : at->second;
}

/// Does what stands at `path` below `value` refer to it, or one of what stands there?
bool Refers(fhir::Value value, std::string_view path, const std::string& organization) {
  if (value.is_array())
    return std::any_of(value.begin(), value.end(),
                       [&](fhir::Value each) { return Refers(each, path, organization); });
  if (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    return Refers(value[name], path.substr(std::min(path.size(), name.size() + 1)), organization);
  }
  const std::string reference = value["reference"].ToString();
  return reference == organization || reference.starts_with(organization + "/_history/");
}

bool IsOwn(const access::Viewer& viewer, std::string_view element, fhir::Value record) {
  return !viewer.organization.empty() && Refers(record, element, viewer.organization);
}

std::string FormOf(fhir::Value answer) {
  std::string form = answer["questionnaire"].ToString();
  form.resize(std::min(form.size(), form.find('|')));
  return form;
}

/// To no pack's form, also of one that is here no more.
bool IsFree(std::string_view form) { return !form.starts_with(forms::kFormBase); }

bool MayAnswer(const access::Post& post, fhir::Value answer) {
  const std::string form = FormOf(answer);
  return post.all_types || std::binary_search(post.forms.begin(), post.forms.end(), form) ||
         (!post.writes_by_form && IsFree(form));
}

bool SeesAnswer(const access::Viewer& viewer, fhir::Value answer) {
  const access::Post& post = *viewer.post;
  const std::string form = FormOf(answer);
  return post.all_types || viewer.kind == access::AccountKind::kResident ||
         std::binary_search(post.forms.begin(), post.forms.end(), form) ||
         std::binary_search(post.forms_seen.begin(), post.forms_seen.end(), form) ||
         (!post.reads_by_form && IsFree(form));
}

Error NotOwnForm(const access::Post& post) {
  return MakeIssue(ErrorCode::kForbidden, "forbidden", fmt::format("{}.questionnaire", access::kFormAnswer),
                   post.forms.empty() ? "Your post may answer no pack's form: a form names its posts."
                                      : fmt::format("Your post may answer these forms of packs alone: {}.",
                                                    fmt::join(post.forms, ", ")));
}

}  // namespace

std::vector<std::string> TypesSeenInPart(const access::Viewer& viewer) {
  std::vector<std::string> types;
  if (viewer.post == nullptr) return types;
  for (const auto& [type, element] : viewer.post->organization) types.push_back(type);
  const std::string answer(access::kFormAnswer);
  const bool sees_all = viewer.post->all_types || viewer.kind == access::AccountKind::kResident;
  if (!sees_all && viewer.MayRead(answer) && !viewer.post->organization.contains(answer))
    types.push_back(answer);
  std::sort(types.begin(), types.end());
  return types;
}

bool IsInPartSeen(const access::Viewer& viewer, std::string_view type, fhir::Value record) {
  const access::Post& post = *viewer.post;
  if (type == access::kFormAnswer && !SeesAnswer(viewer, record)) return false;
  const std::string_view element = OrganizationElement(post, type);
  return element.empty() || IsOwn(viewer, element, record);
}

Status CheckSent(const access::Viewer& viewer, std::string_view type, fhir::Value record) {
  if (viewer.post == nullptr) return {};
  const access::Post& post = *viewer.post;
  if (type == access::kFormAnswer && !MayAnswer(post, record)) return NotOwnForm(post);
  const std::string_view element = OrganizationElement(post, type);
  if (element.empty() || IsOwn(viewer, element, record)) return {};
  return MakeIssue(
      ErrorCode::kForbidden, "forbidden", fmt::format("{}.{}", type, element),
      viewer.organization.empty()
          ? "Your post writes what is its own organization's, and your account has none: ask who keeps "
            "the accounts."
          : fmt::format("Your post writes what is its own organization's: refer to {} here.",
                        viewer.organization));
}

Status CheckStored(const Room& room, const access::Viewer& viewer, view::Ordinal ordinal) {
  if (ordinal == 0 || viewer.post == nullptr || viewer.post->all_types ||
      room.TypeName(room.directory().Get(ordinal).type) != access::kFormAnswer)
    return {};
  const view::ResourcePtr stored = TRY(room.engine().Read(ordinal));
  const fhir::Value root = stored->document.Root();
  return !root.present() || MayAnswer(*viewer.post, root) ? Status() : Status(NotOwnForm(*viewer.post));
}

}  // namespace tk::interaction
