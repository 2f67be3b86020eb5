// What the program itself answers. Each function adds its routes to a pipeline; apps add theirs with Pipeline::AddRoute.
//   /fhir/*       FHIR interactions                    signed in, but for /fhir/metadata
//   /app/<id>/*   what an app answers                   signed in
//   /auth/*       sign-in, sign-out, me                open
//   /oauth/*      sign-on for other programs           open; the provider asks by itself
//   /.well-known/openid-configuration, /fhir/.well-known/smart-configuration   open
//   /live         server-sent events of the log        signed in (live.h)
//   /admin/*      what an operator or a keeper of accounts may do   a post with the operation
//   /audit/*      the audit, read                      a post with the operation "audit"; /audit/mine: a resident
//   /metrics      Prometheus text                      a post with the operation "metrics"
//   /health       the process is alive                 open
//   /ready        requests can be answered             open; also /health/ready
//   everything else: pages                             open (pages.h)
#pragma once

#include <functional>
#include <string>

#include "kernel/access/audit_archive.h"
#include "kernel/access/oauth/provider.h"
#include "kernel/http/audit_event.h"
#include "kernel/http/pipeline.h"

namespace tk::http {

/// The interactions as this room sees them, so that tests can put a double here.
struct FhirPort {
  std::function<void(interaction::Request, interaction::Done)> handle;
  std::function<bool(const interaction::Request&)> is_heavy;
  /// Requests that `is_gathered` are handed over together, those that a network thread has read in one go. Both or none.
  std::function<void(std::vector<interaction::Asked>)> handle_all = {};
  std::function<bool(const interaction::Request&)> is_gathered = {};
};
void AddFhirRoutes(Pipeline* pipeline, FhirPort port);
/// Interactions as a port; `interactions` must outlive the pipeline.
FhirPort PortOf(const interaction::Interactions* interactions);

/// /app/<id>/…: `handle` gets the path after "/app", runs on a worker and answers once, now or later. Audited as what the answer says it did.
void AddAppRoutes(Pipeline* pipeline, std::function<void(interaction::Request, interaction::Done)> handle);

/// Sign-in for pages. POST /auth/sign-in {"account","password"}, or, where texts are sent (GET /auth/ways), /auth/phone {"phone"} → 200
/// {"account","display","kind","record","post","title_zh","title_en","area","may":{"read":[],"write":[],"call":[]}} and cookie tk_session; `kind` as account_kind.h
/// names it, `record` who he is in the log, left out where nothing is said; `may` is the post's rights:
/// resource types and operations, "*" for all, for pages to offer no more than that. Or 202 {"next","ticket"} when more is wanted:
///   "code", "sms"   POST /auth/code {"ticket","code"}; of "sms" another text by /auth/code-again {"ticket"}
///   "enrol"         with "secret", "otpauth" and "qr" (SVG): POST /auth/enrol {"ticket","code"}; its answer has "recovery" too
///   "password"      POST /auth/password {"ticket","password"}
/// each 200, or the next 202. POST /auth/sign-out → 204; GET /auth/me → 200 as sign-in, 401 if nobody.
/// Of who is signed in by cookie: POST /auth/change-password {"old","password"} → 204 with a new cookie; GET /auth/factor; POST /auth/factor {"password"}
/// → 202 as "enrol", POST /auth/factor-confirm {"ticket","code"} → {"recovery"}, POST /auth/factor-remove and /auth/recovery {"password"}; GET
/// /auth/sessions, DELETE /auth/sessions (all but this) and /auth/sessions/<id> → 204. A wrong password there is 403.
void AddAuthRoutes(Pipeline* pipeline);

/// OAuth 2.1, OpenID Connect and SMART-on-FHIR (docs/api.md): authorize, token, introspect, revoke, userinfo, jwks, end-session and what the
/// provider tells of itself. `port` answers the search for a patient, as the person who is signed in.
void AddOauthRoutes(Pipeline* pipeline, access::oauth::Provider* provider, FhirPort port);

/// Keeping accounts, for posts with the operation "accounts": GET /admin/accounts?text=&post=&kind=&disabled=&_count=&after= → {"total","accounts",
/// "next"}; POST {"name",…} → 201 with a password for one sign-in, or a program's secret, shown once; GET and PATCH /admin/accounts/<name>; POST
/// …/disable, enable, revoke, reset, reset-factor, new-secret → 200; GET and DELETE …/sessions[/<id>]. Whatever changes ends what was open.
/// GET /admin/posts, for posts with the operation "why": {"posts": [{"name","title_zh","title_en","source","second_factor","reads","writes","operations","tasks",
/// "accounts"}]}; accounts: how many of them the asker keeps.
void AddAccountRoutes(Pipeline* pipeline);

struct Readiness {
  bool ready = false;
  double progress = 0;  // of the views
  struct View {
    std::string name;
    std::string_view state;  // serving, rebuilding (an old one answers), building (none does), starting
    uint64_t t = 0, t_wanted = 0;
    double progress = 0;
  };
  std::vector<View> views;
  /// Why it is not ready, or soon will not be, or what cannot be answered. Everybody may read them: no places, nothing of persons.
  std::vector<std::string> reasons = {};
};
void AddHealthRoutes(Pipeline* pipeline, std::function<Readiness()> readiness);
/// POST /admin/views/<name>/rebuild → 202 with the states of the views; 409 if it is being rebuilt. For posts with the operation "rebuild".
void AddRebuildRoute(Pipeline* pipeline, std::function<Status(std::string_view)> request,
                     std::function<Readiness()> readiness);
/// GET /admin/jobs: what works by itself and the last warnings and errors, as `describe` tells them (JSON). For posts with the operation "metrics".
void AddJobsRoute(Pipeline* pipeline, std::function<std::string()> describe);
struct AuditPort {
  access::AuditArchive* archive = nullptr;  // outlives the pipeline
  std::string folder;
  int timezone_offset_min = 480;  // of dates without a zone
  /// The owners of all records that are one person's with this Patient; empty if there never was one.
  std::function<std::vector<uint32_t>(std::string_view patient_id)> person_of;
  /// Of a resident: the records that are, or were, his, and when.
  std::function<Result<std::vector<access::OwnedSpan>>(const access::Viewer& viewer)> own_of;
  /// The keyed hash of "Type/id" as audit lines have it.
  std::function<std::string(std::string_view type, std::string_view id)> hash_of;
  std::function<AuditName(const std::string& account, const std::string& post)> name_of;
};
/// GET /audit/events?patient=Patient/1&record=Type/id&account=&action=&type=&outcome=done|refused&date=ge…&_count=: AuditEvents, newest first, with a
/// link to the next page. GET /audit/mine: the same of oneself, for a resident, with names and posts in place of accounts. GET /audit/files and
/// /audit/files/NAME: the files as they are chained; `tongkang audit verify --folder` checks them anywhere. GET /audit/verify: checks them here.
void AddAuditRoutes(Pipeline* pipeline, AuditPort port);
void AddMetricsRoute(Pipeline* pipeline, const Metrics* metrics);

}  // namespace tk::http
