"""Check the English of docstrings, comments, messages, test names and documents against the style of this project.

`python -m testkit.prose FOLDER_OR_FILE...` prints each problem as `file:line: text; remedy`.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TEST_NAME_LENGTH = 60
"""The longest name of a test, `test_` included."""
REPLACEMENTS = {
    r"(?<!there )\b(?:is|are) no (?!longer\b|more\b|different\b|less\b)[a-z]": "is not a valid X, must be X",
    r"(?<!there )\bis none\b(?! of them)": "is not a valid X",
    r"\b(?:so|as) many an?\b": "N X per Y",
    r"\bso many\b(?! that)": "N, this many",
    r"\bso (?:often|much)\b(?! that)": "N times, this much",
    r"\b(?:bytes?|rows?|cells?|times|lines?|batch|batches|workers?|parts?|folders?|nodes?|messages?|topics?|one)"
    r" an? (?:row|second|batch|worker|table|cell|key|byte|column|source|shard|day|minute|run)\b": "X per Y",
    r"\bof (?:ours|yours|theirs|hers|his own)\b": "created by Loadtest, existing",
    r"\banew\b": "again",
    r"\bbeside\b": "next to, with, in addition to",
    r"\bwho(?:m)?ever\b": "anyone who, the caller",
    r"\b(?:no|some)body\b": "no one, nothing, a user; or name the program",
    r"\bfor want of\b": "without",
    r"\bhangs? on\b": "depends on",
    r"\bwithout a word\b": "silently, without output",
    r"\bsays last\b": "last message",
    r"\b(?:hears?|heard|tells?|told)\b": "read, receive, report, print, distinguish",
    r"\bsays\b": "the name of the thing: prints, reports, states, `message`",
    r"\b(?:knows|wants|believes|wishes|minds)\b": "has, requires, stores",
    r"\bgiven out\b": "returned, handed over",
    r"\bput away\b": "clean up, store",
    r"\blook(?:s|ed|ing)? at\b": "read, check, inspect",
    r"\bstands? (?:twice|in|there|on)\b": "is duplicated, is in",
    r"\bas it stands\b": "as it is",
    r"\bremnants?\b": "orphaned resources",
    r"\bthe seed's (?:format|document|users|orders|table|table's|schema)\b": "the name of the thing; seed is the random seed",
    r"\b(?:has|have) come to\b": "the result so far",
    r"\bgoes (?:on|without|by|for|to|away|first|last|its)\b": "continues, is in progress, is sent to",
    r"\bsees to it\b": "make sure, ensure",
    r"\bof its own accord\b": "by itself",
    r"\bas opposed to\b": "not",
    r"\bhands? on\b": "pass",
    r"\b(?:is|are) to be\b": "must be, will be",
    r"\b(?:thereof|therein|thereby|hitherto|whence|whereof|hence|upon)\b": "plain words",
    r"\bless what\b": "without",
    r"\bin mid-\w+\b": "during",
    r"\bthe like of\b": "such as",
    r"^(?:[Tt]he same|[Dd]itto)[;,:.]": "repeat what it does",
    r"\bthis session\b": "this run of the tests",
}
"""Phrases that a stranger has to decode, each with what to write instead. Style guide: CONTRIBUTING.md."""


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


_PHRASES = [(re.compile(pattern, re.MULTILINE), remedy) for pattern, remedy in REPLACEMENTS.items()]
_NO_TITLE = _words(
    "As But By For From How If In Into Of On So That Than To Until What When Where Which While Who Whose Why With"
    " Without"
)
"""Words that must not begin a docstring, because what follows has no subject or no verb."""
_NO_VERB = _NO_TITLE | _words(
    "A About Above After Again All Among An And Another Any Before Behind Below Between Both During Each Either"
    " Every Everything Few Five Four Half Here Id It Its Less Many More Most Neither Never No None Not Nothing Now Once"
    " One Only Or Other Our Out Over Same Several Six Sixteen Some Such The Their Them Then There These They This Those"
    " Three Twice Two Under Whatever Whether Whole You Your"
)
"""Words that are not the imperative of a verb, as far as they have been seen at the start of a docstring."""
_VERBS = _words("Bless Bring Discuss Embed Exceed Feed Need Ping Proceed Seed Speed Spring Succeed")
"""Verbs that look like a plural, a participle or a noun."""
_NOUN_PHRASE = ("property", "cached_property", "fixture")
"""Decorators that make a function an attribute or a thing: its docstring may name it."""
_WORDS_OF_A_MESSAGE = 3


class Problem(NamedTuple):
    """A piece of text to rewrite."""

    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.line}: {self.text!r}; {self.remedy}"


def problems_of(file: Path) -> list[Problem]:
    """Return what to rewrite in a Python file or a document."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return sorted(problems_of_python(text) if file.suffix == ".py" else _problems_of_document(text, file.suffix))


def problems_of_python(source: str) -> Iterator[Problem]:
    """Yield what to rewrite in the docstrings, comments, messages and test names of a module."""
    tree = ast.parse(source)
    for line, text in [*_comments(source), *_texts(tree)]:
        yield from phrases_in(text, line)
    for node in ast.walk(tree):
        yield from _title_problems(node)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > TEST_NAME_LENGTH:
            yield Problem(node.lineno, node.name, f"{len(node.name)} characters; use at most {TEST_NAME_LENGTH}")


def _problems_of_document(text: str, suffix: str) -> Iterator[Problem]:
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if suffix == ".md" and line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield from phrases_in(_prose_of_script(line) if suffix in ("", ".sh") else line, number)


def _prose_of_script(line: str) -> str:
    """Return the text of a script's line that is prose: the whole line if it prints text, else its comment."""
    if re.search(r"\b(?:echo|say|printf)\b", line):
        return line
    comment = re.search(r"(?:^|\s)#+\s(.*)", line)
    return comment[1] if comment else ""


def phrases_in(text: str, line: int = 1) -> Iterator[Problem]:
    """Yield the phrases of REPLACEMENTS that the text contains outside of `code`."""
    plain = re.sub(r"`[^`\n]*`", "``", text)
    for pattern, remedy in _PHRASES:
        for found in pattern.finditer(plain):
            around = plain[max(0, found.start() - 40) : found.end() + 30].replace("\n", " ").strip()
            yield Problem(line + plain.count("\n", 0, found.start()), around, f"{found[0]!r}: write {remedy}")


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield docstrings and other strings of several words; the values in an f-string become `{}`."""
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
        text = "".join(parts)
        children: Iterable[ast.AST] = [part for part in node.values if not isinstance(part, ast.Constant)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text, children = node.value, ()
    else:
        text, children = "", ast.iter_child_nodes(node)
    if len(text.split()) >= _WORDS_OF_A_MESSAGE:
        yield node.lineno, text  # type: ignore[attr-defined]
    for child in children:
        yield from _texts(child)


def _title_problems(node: ast.AST) -> Iterator[Problem]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
        return
    if not (text := ast.get_docstring(node)) or getattr(node, "name", "").lower().startswith("test"):
        return
    title, line = text.splitlines()[0], node.body[0].lineno
    first = re.split(r"[\s,;:.]", title, maxsplit=1)[0]
    if isinstance(node, ast.Module | ast.ClassDef) or any(_names_a_thing(each) for each in node.decorator_list):
        if first in _NO_TITLE:
            yield Problem(line, title, f"{first!r}: begin with a noun, or with a verb in the imperative")
    elif not is_imperative(first):
        yield Problem(line, title, f"{first!r}: begin with a verb in the imperative: Return, Yield, Raise, Write")


def _names_a_thing(decorator: ast.expr) -> bool:
    return any(name in ast.unparse(decorator).partition("(")[0] for name in _NOUN_PHRASE)


def is_imperative(word: str) -> bool:
    """Return whether a word may be a verb in the imperative, judged by its form."""
    if word in _VERBS:
        return True
    if not re.fullmatch(r"[A-Z][a-z]+(-[a-z]+)?", word) or word in _NO_VERB:
        return False
    return not re.search(r"(?<!s)s$|(?:ed|ing)$", word)


def main(arguments: Sequence[str]) -> int:
    """Print the problems of all Python files and documents below the named paths; return 1 if there are any."""
    count = 0
    for name in arguments or ["."]:
        path = Path(name)
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.suffix in (".py", ".md"))
        for file in files:
            if not {".venv", ".pulumi", ".loadtest"} & set(file.parts):
                for problem in problems_of(file):
                    print(f"{file}:{problem}")
                    count += 1
    print(f"{count} problems", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
