"""Runs script/check and then each folder of tests/ as a suite; prints times, skips and totals.

Owns the order and the report only. Called by script/test, after set-up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "test"
NO_TESTS_COLLECTED = 5
LONGEST_FIRST = ["edge", "story", "control_api", "demo", "web"]
RIGS = ["soak", "crash", "powercut", "thinline", "wallclock", "slowdisk", "diskfull"]  # last, longest first


@dataclass
class Outcome:
    """What one suite came to."""

    name: str
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skips: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def main() -> int:
    options = _options()
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes = [] if options.suites else [run_check()]
    names = options.suites or suite_names()
    # Suites mostly wait for devices, disks and servers, so two at a time fit two cores.
    lanes = min(2, len(names))
    with ThreadPoolExecutor(lanes) as pool:
        outcomes += pool.map(lambda name: run_suite(name, full=options.full, alone=lanes == 1), names)
    return report(outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/test", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long rigs too")
    parser.add_argument("suites", nargs="*", help="folders of tests/; all when none is named")
    return parser.parse_args()


def suite_names() -> list[str]:
    folders = (path for path in (ROOT / "tests").iterdir() if path.is_dir())
    names = sorted(path.name for path in folders if any(path.rglob("test_*.py")))
    between = [name for name in names if name not in LONGEST_FIRST and name not in RIGS]
    return [name for name in (*LONGEST_FIRST, *between, *RIGS) if name in names]


def run_check() -> Outcome:
    print("== script/check", flush=True)
    began = time.monotonic()
    clean = subprocess.run([ROOT / "script" / "check"], check=False).returncode == 0
    outcome = Outcome("check", time.monotonic() - began, passed=int(clean), failed=int(not clean))
    if not clean:
        outcome.failures.append("script/check")
    return outcome


def run_suite(name: str, *, full: bool, alone: bool) -> Outcome:
    """One pytest process for one folder, so that no suite can lean on what another left behind.

    `alone`: its output is shown as it comes; else at its end, whole.
    """
    result = REPORTS / f"{name}.xml"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"tests/{name}", "-q", "--no-header", f"--junitxml={result}"]
    command += [] if full else ["-m", "not long"]
    began = time.monotonic()
    print(f"== {name}" if alone else f"== {name} has begun", flush=True)
    to = None if alone else subprocess.PIPE
    ran = subprocess.run(command, cwd=ROOT, check=False, stdout=to, stderr=subprocess.STDOUT if to else None, text=True)
    if not alone:
        print(f"== {name}\n{ran.stdout}", flush=True)
    code = ran.returncode
    outcome = read_result(name, result, time.monotonic() - began)
    if code not in (0, NO_TESTS_COLLECTED) and not outcome.failed:
        outcome.failed = 1  # pytest itself broke off: no report can be trusted to say so
        outcome.failures.append(f"{name}: pytest ended with {code}")
    return outcome


def read_result(name: str, path: Path, seconds: float) -> Outcome:
    """Counts from pytest's JUnit file. A test that fails and then errors on its way out counts once."""
    outcome = Outcome(name, seconds)
    if not path.exists():
        return outcome
    cases = {}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        label = f"{case.get('classname')}::{case.get('name')}"
        kinds = cases.setdefault(label, {})
        kinds.update({child.tag: child.get("message") or "" for child in case})
    for label, kinds in cases.items():
        if "failure" in kinds or "error" in kinds:
            outcome.failures.append(label)
        elif "skipped" in kinds:
            outcome.skips.append(f"{label}: {kinds['skipped']}")
        else:
            outcome.passed += 1
    outcome.failed = len(outcome.failures)
    return outcome


def report(outcomes: list[Outcome]) -> int:
    print("\n== time per suite")
    for outcome in outcomes:
        counts = f"{outcome.passed} passed, {outcome.failed} failed, {len(outcome.skips)} skipped"
        print(f"{outcome.seconds:8.1f} s  {outcome.name:<14} {counts}")
    for outcome in outcomes:
        for skip in outcome.skips:
            print(f"skipped: {skip}")
        for failure in outcome.failures:
            print(f"failed: {failure}")
    passed, failed, skipped = (
        sum(outcome.passed for outcome in outcomes),
        sum(outcome.failed for outcome in outcomes),
        sum(len(outcome.skips) for outcome in outcomes),
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
