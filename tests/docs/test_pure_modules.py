"""Who says "Pure." in the first paragraph keeps to it: time, files and threads come from outside."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("config", "storage", "streaming", "pages", "edge", "control_api")
IMPURE = {
    "asyncio", "httpx", "multiprocessing", "os", "queue", "random", "secrets", "shutil", "signal", "socket", "sqlite3",
    "ssl", "subprocess", "sys", "tempfile", "threading", "time", "websockets",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}


def is_pure(path: Path) -> bool:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.search(r"(?:^|[.!;] )Pure\b", text) is not None


PURE = [path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py")) if is_pure(path)]


def impurities(tree: ast.AST) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] in IMPURE]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in IMPURE:
            found.append(node.module or "")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            found.append(ast.unparse(node.func))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            found.append("open")
    return found


def test_many_modules_are_pure() -> None:
    assert len(PURE) > 25


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pure_module_reads_no_clock_and_touches_nothing(path: Path) -> None:
    assert impurities(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_module_that_reads_a_clock_would_be_found() -> None:
    assert impurities(ast.parse("import time\nfrom os import path\nx = datetime.now()\nopen('y')")) == [
        "time", "os", "datetime.now", "open",
    ]  # fmt: skip
