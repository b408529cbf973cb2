"""Rows of a measurement: printed as a table, kept as JSON. Measures nothing."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """`peer` is the other one's value in the same run, `ratio` ours to theirs, `aim` the most the ratio (or, without
    a peer, the value) should be."""

    name: str
    value: float
    unit: str
    peer: float | None = None
    ratio: float | None = None
    aim: float | None = None


def compared(name: str, value: float, unit: str, peer: float, aim: float | None = None) -> Row:
    return Row(name, round(value, 4), unit, round(peer, 4), round(value / peer, 3) if peer else None, aim)


def report(name: str, rows: list[Row]) -> Path:
    """Print the table and write build/bench/NAME.json."""
    wide = max(len(row.name) for row in rows)
    print(f"{'':{wide}}  {'value':>9} {'unit':12} {'peer':>9} {'ratio':>7} {'aim':>6}")
    for row in rows:
        parts = [f"{row.name:{wide}}  {row.value:9.4f} {row.unit:12}"]
        parts += [f"{'' if part is None else format(part, '.4g'):>{size}}" for part, size in _others(row)]
        print(" ".join(parts))
    path = Path("build/bench") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [{key: part for key, part in asdict(row).items() if part is not None} for row in rows]
    path.write_text(json.dumps({"machine": describe_machine(), "rows": kept}, indent=1) + "\n", encoding="utf-8")
    return path


def describe_machine() -> dict[str, str | int | None]:
    model = ""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()}


def _others(row: Row) -> list[tuple[float | None, int]]:
    return [(row.peer, 9), (row.ratio, 7), (row.aim, 6)]
