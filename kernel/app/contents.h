// What is loaded, told: each pack with what it brings, and each file of it as it was written.
// GET /app                             → {"apps": [{"id", "version", "title": {"zh-CN", "en"}, "from": "program" | "folder", "reads", "writes",
//                                         "parts": [{"part": "rules", "name": "fever", "id": "screening.fever", "version", "title"}]}]}
//   name: of the file. id, version, title: as the file says them, left out where it says none
// GET /app/<id>/files/<part>/<name>    → the file, JSON
// Rights: the operation packs. A pack holds no person's data.
// Cost:   a pass over the files, some hundred of a few KB: milliseconds, on a worker.
#pragma once

#include "kernel/app/app.h"

namespace tk::app {

/// `request.path` empty. Errors: kForbidden.
Result<interaction::Response> AnswerPacks(std::span<const App> apps, const interaction::Request& request);
/// `request.path` from "files" on. Errors: kForbidden, kNotFound.
Result<interaction::Response> AnswerFile(const App& app, const interaction::Request& request);

}  // namespace tk::app
