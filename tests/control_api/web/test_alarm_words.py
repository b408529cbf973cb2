"""Every alarm that the centre can raise has a sentence for people: a bare code tells nobody what to do."""

from __future__ import annotations

import ast
from pathlib import Path

from control_api.web.words import ALARMS

CENTRE = Path(__file__).resolve().parents[3] / "control_api"


def raised_codes() -> set[str]:
    """The third argument of every `raise_alarm(session, now_ns, code, …)` that is written out in the code."""
    codes: set[str] = set()
    for path in sorted(CENTRE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "raise_alarm":
                code = node.args[2]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    codes.add(code.value)
    return codes


def test_every_alarm_has_its_sentence() -> None:
    raised = raised_codes()
    assert len(raised) > 5
    assert raised - set(ALARMS) == set()
