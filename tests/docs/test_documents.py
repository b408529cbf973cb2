"""Documents name files and symbols that exist, and never lines, which move."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "ARCHITECTURE.md", ROOT / "README.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
FOLDERS = "bench|config|control_api|demo|docs|edge|pages|requirements|script|storage|streaming|systemd|tests"
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
PATH_IN_CODE = re.compile(rf"`((?:{FOLDERS})(?:/[\w.-]+)*/?)[` ]")
PLACED_SYMBOL = re.compile(r"`([\w/]+\.py)`: `(\w+)`")
LINE_NUMBER = re.compile(r"\.(?:py|js|html|sql|toml)(?::\d|#L\d)")


def symbols_of(path: Path) -> set[str]:
    """Names that a Python file defines: functions, classes, methods, constants."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def cited_symbols(text: str) -> Iterator[tuple[str, str]]:
    """Path and symbol of every `[`symbol`](path.py)` and every "`path.py`: `symbol`"."""
    for link in LINK.finditer(text):
        symbol = re.fullmatch(r"`(\w+)`", link["text"])
        if symbol and link["target"].endswith(".py"):
            yield link["target"], symbol[1]
    yield from PLACED_SYMBOL.findall(text)


def document_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=document_name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = {link["target"].partition("#")[0] for link in LINK.finditer(text) if "://" not in link["target"]}
    named = {target for target in linked if target and not (document.parent / target).exists()}
    named |= {path for path in PATH_IN_CODE.findall(text) if not (ROOT / path).exists()}
    assert not named


@pytest.mark.parametrize("document", DOCUMENTS, ids=document_name)
def test_every_symbol_that_is_named_stands_in_its_file(document: Path) -> None:
    cited = set(cited_symbols(document.read_text(encoding="utf-8")))
    assert {(path, symbol) for path, symbol in cited if symbol not in symbols_of(ROOT / path)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=document_name)
def test_no_line_is_cited_by_its_number(document: Path) -> None:
    assert not LINE_NUMBER.findall(document.read_text(encoding="utf-8"))


def test_the_architecture_cites_many_symbols_so_that_this_is_no_empty_promise() -> None:
    assert len(set(cited_symbols((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")))) > 50


def test_every_package_that_the_programs_stand_on_has_its_line() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = text.partition("## Parts")[2].lower()
    rows = {word for row in re.findall(r"^\| ([^|]+) \|", parts, re.M) for word in re.split(r"[\s,()]+", row)}
    wanted = re.findall(r"^[a-z][\w-]*", (ROOT / "requirements" / "run.in").read_text(encoding="utf-8"), re.M)
    assert wanted
    assert set(wanted) <= rows


def test_every_command_of_the_project_is_named() -> None:
    commands = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in commands if name not in readme] == []
