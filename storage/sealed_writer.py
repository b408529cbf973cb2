"""Writes one age file while its content is still being made, so that plain footage never touches a disk.

Owns the file, a thread that encrypts, and the count of what is surely in the file. age encrypts 64 KiB at a time and
only once a byte beyond them has come: `pad` pushes the rest over that boundary with an MP4 `free` box. Not for
several threads: one owner calls, and may wait here, which is why capture and encoding never call it themselves.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pyrage

from storage.age_file import CHUNK_SIZE, SealingError, header_size, parse_recipients, whole_chunks_length
from storage.boxes import HEADER_SIZE, free_box

HELD_BYTES = 1 << 20  # what may wait between write() and the encrypting thread


@dataclass(frozen=True, slots=True)
class SealedResult:
    """SHA-256 in hex and size of the sealed file, both taken while writing; `opened_size` of what is inside."""

    sha256: str
    size: int
    opened_size: int


class SealedWriter:
    """An age file being written. A path is created exclusively, with `mode`; the caller syncs its directory."""

    def __init__(
        self,
        target: Path | BinaryIO,
        recipients: Sequence[str],
        *,
        held_bytes: int = HELD_BYTES,
        mode: int = 0o600,
    ) -> None:
        parsed = parse_recipients(recipients)
        self._file: BinaryIO | FileIO = _create(target, mode) if isinstance(target, Path) else target
        self._sink = _Sink(self._file)
        self._feed = _Feed(held_bytes)
        self._position = 0
        self._payload_end = 0
        self._closed = False
        self._thread = threading.Thread(target=self._encrypt, args=(parsed,), name="sealing", daemon=True)
        self._thread.start()

    @property
    def position(self) -> int:
        """Opened bytes so far, free boxes included: where the next write begins in the opened file."""
        return self._position

    @property
    def secured(self) -> int:
        """Opened bytes whose chunks were handed to the file; after `sync`, what a crash can't take."""
        return self._sink.secured

    @property
    def pending(self) -> int:
        """Opened bytes of `write` that a crash would take even after `sync`. Free boxes don't count."""
        self._feed.wait_until_taken()
        return max(0, self._payload_end - self._sink.secured)

    def write(self, data: bytes) -> None:
        """Hand over the next opened bytes. Waits while more than `held_bytes` wait. Raises SealingError."""
        self._put(data)
        self._payload_end = self._position

    def pad_size(self) -> int:
        """Size of the free box that would secure all that was written; 0 when nothing is pending."""
        if self.pending == 0:
            return 0
        to_boundary = -self._position % CHUNK_SIZE
        return max(HEADER_SIZE, to_boundary + 1)  # age lets a full chunk go when the byte after it comes

    def pad(self) -> int:
        """Write that free box, if one is needed. Returns its size."""
        size = self.pad_size()
        if size:
            self._put(free_box(size))
        return size

    def sync(self) -> None:
        """Returns when all that was secured so far is on the disk itself. Raises SealingError."""
        self._feed.wait_until_taken()
        self._sync()

    def finish(self) -> SealedResult:
        """Write the last chunk, sync, close. Raises SealingError; the file is then left torn, as after a crash."""
        try:
            self._feed.end()
            self._thread.join()
            self._feed.raise_error()
            self._sync()
        finally:
            self._close()
        return SealedResult(self._sink.sha256.hexdigest(), self._sink.size, self._position)

    def abandon(self) -> None:
        """Stop without a last chunk and close: the file is what a crash would have left. May follow an error."""
        if not self._closed:
            self._feed.fail(SealingError("abandoned", "已放弃写入。", "Writing was abandoned."))
            self._thread.join()
            self._close()

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.abandon()

    def _put(self, data: bytes) -> None:
        if self._closed:
            raise SealingError("closed", "文件已关闭。", "The sealed file is closed already.")
        self._feed.put(data)
        self._position += len(data)

    def _sync(self) -> None:
        try:
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except OSError as error:
            failure = _failed(error)
            self._feed.fail(failure)  # after a failed sync the kernel may have dropped pages: nothing more is believed
            raise failure from error

    def _close(self) -> None:
        self._closed = True
        self._file.close()

    def _encrypt(self, recipients: list[Any]) -> None:
        try:
            pyrage.encrypt_io(self._feed, self._sink, recipients)
        except BaseException as error:  # noqa: BLE001 - whatever ends this thread must reach the owner
            self._feed.fail(_failed(self._sink.error or error))
        else:
            self._feed.done()


class _Feed:
    """The bounded hand-over to the encrypting thread; `read` is called by pyrage and waits for bytes."""

    def __init__(self, held_bytes: int) -> None:
        self._limit = held_bytes
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._waiting = False
        self._finished = False
        self._error: SealingError | None = None
        self._changed = threading.Condition()

    def put(self, data: bytes) -> None:
        view = memoryview(data)
        with self._changed:
            for at in range(0, len(data), CHUNK_SIZE):
                self._changed.wait_for(lambda: self._held < self._limit or self._error is not None)
                self._raise()
                self._parts.append(bytes(view[at : at + CHUNK_SIZE]))
                self._held += len(self._parts[-1])
                self._changed.notify_all()
            self._raise()

    def read(self, size: int) -> bytes:
        with self._changed:
            self._waiting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._parts or self._ended or self._error is not None)
            self._waiting = False
            self._raise()
            if not self._parts:
                return b""
            part = self._parts.popleft()
            if len(part) > size:
                self._parts.appendleft(part[size:])
            self._held -= min(size, len(part))
            self._changed.notify_all()
            return part[:size]

    def wait_until_taken(self) -> None:
        """Until the thread asks for more and there is none: all that came has gone through age."""
        with self._changed:
            self._changed.wait_for(
                lambda: (self._waiting and not self._parts) or self._finished or self._error is not None
            )
            self._raise()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def done(self) -> None:
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def fail(self, error: SealingError) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def raise_error(self) -> None:
        with self._changed:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


class _Sink:
    """Takes sealed bytes from pyrage: writes, hashes, and counts the whole chunks."""

    def __init__(self, file: BinaryIO | FileIO) -> None:
        self._file = file
        self._start = bytearray()
        self._header: int | None = None
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.error: OSError | None = None

    @property
    def secured(self) -> int:
        return 0 if self._header is None else whole_chunks_length(self.size, self._header)

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as error:
            self.error = error
            raise
        self.sha256.update(data)
        self.size += len(data)
        if self._header is None:
            self._start += data
            self._header = header_size(bytes(self._start))
        return len(data)

    def flush(self) -> None:
        """pyrage's writer asks for it; the owner syncs."""


def _create(path: Path, mode: int) -> FileIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    return FileIO(descriptor, "wb")


def _failed(error: BaseException) -> SealingError:
    if isinstance(error, SealingError):
        return error
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        failure = SealingError("disk-full", "磁盘已满，无法写入片段。", f"The disk is full: {error.strerror}.")
    else:
        failure = SealingError("write-failed", "片段写入失败。", f"Writing the sealed file failed: {error}.")
    failure.__cause__ = error
    return failure
