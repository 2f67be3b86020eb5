#!/usr/bin/env python3
"""Makes the folder of a new business system as data. Use: tools/new_app.py NAME [--root DIR | --in DIR]   (./tk new-app NAME)

It works as it is: a type, a form, a rule, a list, rights, and cases that pass. In apps/ it becomes part of the program by the next
build; with --in DIR it lies in DIR/NAME, from where a running program takes it (--packs DIR), and nothing is compiled.
"""
import argparse
import json
import os
import re
import sys

README = """# {name}

Who uses it, which rows of docs/systems.md it makes work, what it reads and what it writes. How each part is written: docs/packs.md.

- **People**: the posts of `posts/`, and what each does here.
- **Reads / writes**: the types of `manifest.json`, and why each is needed.
- **Rules and sources**: every threshold with source, edition and date.

What it does as it was made: an entry ({type}) whose amount is at or above the limit of `settings.json` opens a Task.

| folder | holds |
|---|---|
| `types/` | its resource types, in short |
| `rules/` | what happens by itself |
| `posts/` | who may do what |
| `prints/` | what is printed of a record |
| `tests/` | stories: what must happen, and what must be refused |

`tongkang pack check FOLDER` says all that is wrong; `tongkang pack test FOLDER` plays the stories.
"""

CMAKE = """tk_room(apps/{name})
"""


def files_of(name):
    words = name.replace("-", " ").capitalize()
    kind = "".join(word.capitalize() for word in name.split("-")) + "Entry"
    titles = {"zh-CN": words, "en": words}
    source = {"text": "Say here where the rule comes from", "edition": "0.1.0", "date": "2026-01-01"}
    system = f"http://tongkang.dev/fhir/CodeSystem/{name}-task"
    parts = {
        "manifest.json": {"id": name, "title": titles, "version": "0.1.0",
                          "reads": [kind, "Task"], "writes": [kind, "Task"], "doors": []},
        "settings.json": {"limit": 10, "source": source["text"], "edition": source["edition"], "date": source["date"]},
        f"types/{name}-entry.json": {
            "type": kind, "title": titles,
            "elements": {
                "what": {"type": "string", "min": 1, "title": {"zh-CN": "名称", "en": "What"}},
                "amount": {"type": "decimal", "min": 1, "title": {"zh-CN": "数量", "en": "Amount"}},
                "state": {"type": "code", "min": 1, "title": {"zh-CN": "状态", "en": "State"},
                          "codes": {"open": {"zh-CN": "待处理", "en": "open"}, "done": {"zh-CN": "已处理", "en": "done"}}},
            },
            "search": {"state": "state", "amount": "amount"}},
        "rules/over-limit.json": {
            "id": f"{name}.over-limit", "version": 1, "title": {"zh-CN": "达到限值", "en": "At the limit"}, "source": source,
            "constants": {"limit": {"setting": "limit"}},
            "on": {"type": kind, "operations": ["create", "update"]},
            "where": "state = 'open' and amount >= %limit",
            "do": [{"create": {
                "resourceType": "Task", "status": "requested", "intent": "order",
                "code": {"coding": [{"system": system, "code": "look"}], "text": words},
                "focus": {"reference": f"='{kind}/' + id"},
                "description": "=what + ': ' + amount.toString()"}}]},
        "prints/note.json": {
            "id": "note", "version": 1, "title": titles, "for": {"type": kind}, "page": {"size": "A5"},
            "parts": [
                {"fields": [
                    {"title": {"zh-CN": "名称", "en": "What"}, "value": "what", "columns": 2},
                    {"title": {"zh-CN": "数量", "en": "Amount"}, "value": "amount"},
                    {"title": {"zh-CN": "状态", "en": "State"}, "value": "state"}]},
                {"signatures": [{"zh-CN": "经手人", "en": "Handled by"}]}]},
        f"posts/{name}-clerk.json": {
            "id": f"{name}-clerk", "title": {"zh-CN": words, "en": words + " clerk"}, "source": source,
            "reads": [kind, "Task"], "writes": [kind], "tasks": [system]},
        "tests/over-limit.case.json": {"cases": [
            {"name": "at the limit a task is opened, below it none",
             "with": [{"amount": 9.9, "tasks": 0}, {"amount": 10, "tasks": 1}, {"amount": 10.5, "tasks": 1}],
             "steps": [
                 {"as": f"{name}-clerk", "do": f"POST {kind}",
                  "body": {"resourceType": kind, "what": "A thing", "amount": "${amount}", "state": "open"},
                  "status": 201, "let": {"id": "id"}},
                 {"find": f"Task?focus={kind}/${{id}}", "count": "${tasks}"}]},
            {"name": "a note is printed for the clerk",
             "given": [{"resourceType": kind, "id": "a", "what": "A thing", "amount": 3, "state": "open"}],
             "steps": [
                 {"as": f"{name}-clerk", "do": f"GET /app/{name}/prints/note/{kind}/a?as=text",
                  "has": ["名称: A thing", "数量: 3", "状态: 待处理"]},
                 {"as": "screener", "do": f"GET /app/{name}/prints/note/{kind}/a", "status": 403}]},
            {"name": "who is no clerk is refused",
             "steps": [{"as": "screener", "do": f"POST {kind}", "status": 403,
                        "body": {"resourceType": kind, "what": "A thing", "amount": 1, "state": "open"}}]}]},
    }
    texts = {path: json.dumps(part, indent=2, ensure_ascii=False) + "\n" for path, part in parts.items()}
    texts["README.md"] = README.format(name=name, type=kind)
    return texts


def make(folder, name, is_room):
    """Writes the folder and returns its files; raises ValueError when the name is bad or taken."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 40:
        raise ValueError(f"'{name}': a name is lower case letters, digits and single dashes, at most 40, such as home-nursing")
    if os.path.exists(folder):
        raise ValueError(f"{folder} exists already")
    files = files_of(name)
    if is_room:
        files["CMakeLists.txt"] = CMAKE.format(name=name)
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write(text)
    return [os.path.join(folder, path) for path in sorted(files)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")))
    parser.add_argument("--in", dest="packs", help="a folder of packs outside the source")
    parser.add_argument("name")
    args = parser.parse_args()
    folder = os.path.join(args.packs or os.path.join(args.root, "apps"), args.name)
    try:
        files = make(folder, args.name, args.packs is None)
    except ValueError as error:
        print(f"new-app: {error}", file=sys.stderr)
        return 1
    print("\n".join(files))
    print(f"next: tongkang pack test {folder}, then docs/packs.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
