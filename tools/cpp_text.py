"""Just enough of C++'s grammar to measure it: code without comments and strings, and where functions begin and end."""
import re

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE)

_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_NOT_FUNCTIONS = re.compile(r"^(if|for|while|switch|catch|else|do|try|return|namespace|extern)\b")
# What may stand between a function's parameter list and its body.
_TAIL = re.compile(
    r"\)\s*(const|noexcept(\s*\([^()]*\))?|override|final|mutable|&&?|->[^{};=]+|requires[^{};]+|try|:[^:].*)*\s*$",
    re.DOTALL)


def blank(text):
    """The same text with comments and the insides of strings turned to spaces; line numbers stay."""
    def spaces(match):
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return '"' + re.sub(r"[^\n]", " ", found[1:-1]) + '"'
    return _TOKEN.sub(spaces, text)


def _is_function(head):
    """Whether the text between the last boundary and a `{` opens a function's body."""
    head = re.sub(r"\[\[[^\]]*\]\]", "", head).strip()
    head = re.sub(r"^template\s*<[^{}]*?>\s*(?=[\w:])", "", head)
    head = re.sub(r"^(public|private|protected)\s*:", "", head).strip()
    if _NOT_FUNCTIONS.match(head) or "(" not in head:
        return False
    if re.match(r"^(class|struct|union|enum)\b[^()]*$", head):
        return False
    if re.search(r"(?<![=!<>+\-*/%&|^~])=(?!=)\s*$", head):
        return False
    return bool(_TAIL.search(head))


def _name(head):
    names = re.findall(r"([~\w:]+|operator\s*\S+)\s*\(", head)
    test = re.search(r"\b(\w*TEST\w*|RC_GTEST_PROP)\s*\(\s*(\w+)\s*,\s*(\w+)", head)
    if test:
        return f"{test.group(2)}.{test.group(3)}"
    return names[0].strip() if names else "?"


def functions(text):
    """Yields (name, first line, number of lines) of every outermost function; lambdas count to the one around them.

    Relies on the formatter: a body's `{` has a space before it, a braced initialiser (`member_{1}`) has none.
    """
    code = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), blank(text))
    boundary, stack, inside = 0, [], None
    for match in re.finditer(r"[{};]", code):
        sign, at = match.group(0), match.start()
        initialiser = False
        if sign == "{":
            initialiser = at > 0 and (code[at - 1].isalnum() or code[at - 1] in "_>")
            stack.append(initialiser)
            head = code[boundary:at]
            if inside is None and not initialiser and _is_function(head):
                start = at - len(head.lstrip())
                inside = (len(stack), _name(head), code.count("\n", 0, start) + 1)
        elif sign == "}" and stack:
            if inside and len(stack) == inside[0]:
                yield inside[1], inside[2], code.count("\n", 0, at) + 2 - inside[2]
                inside = None
            initialiser = stack.pop()
        if not initialiser:
            boundary = at + 1
