"""Runs what may have to wait for the disk, and waits for it only so long: the work itself goes on.

Who asks the same again meanwhile waits for the same work and gets the same answer: nothing is done twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge.recorder.refusal import Refusal

Work = Callable[[], dict[str, Any]]
PATIENCE_S = 10.0
MOST_WAITING = 8


@dataclass
class _Job:
    done: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None
    error: BaseException | None = None


class Patience:
    """From any thread. At most `most` works wait for the disk at a time; one more is refused at once."""

    def __init__(self, patience_s: float = PATIENCE_S, most: int = MOST_WAITING) -> None:
        self._patience_s, self._most = patience_s, most
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def do(self, key: str, work: Work) -> dict[str, Any]:
        """The work's answer, or what it raised. Raises Refusal `disk-hangs` when the disk takes too long."""
        job = self._join(key, work)
        if not job.done.wait(self._patience_s):
            raise _hangs()
        with self._lock:
            if self._jobs.get(key) is job:
                del self._jobs[key]
        if job.error is not None:
            raise job.error
        return job.answer or {}

    def _join(self, key: str, work: Work) -> _Job:
        with self._lock:
            if (standing := self._jobs.get(key)) is not None:
                return standing
            if len(self._jobs) >= self._most:
                self._forget_done()
            if len(self._jobs) >= self._most:
                raise _hangs()
            job = self._jobs[key] = _Job()
        threading.Thread(target=self._run, args=(job, work), name="command", daemon=True).start()
        return job

    def _forget_done(self) -> None:
        """What was done after its peer had gone: a repeat finds it in the chain."""
        self._jobs = {key: job for key, job in self._jobs.items() if not job.done.is_set()}

    def _run(self, job: _Job, work: Work) -> None:
        try:
            job.answer = work()
        except BaseException as error:  # noqa: BLE001 - handed to who waits
            job.error = error
        finally:
            job.done.set()


def _hangs() -> Refusal:
    return Refusal(
        "disk-hangs",
        "磁盘没有响应，操作尚未确认；录像在内存中等待。请稍后重复同一操作，重复不会重复登记。",
        "The disk does not answer, so this is not confirmed yet; footage waits in memory. Do the same again in a"
        " moment: it counts once.",
    )
