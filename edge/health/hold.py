"""A finding must last before it is said, and be gone for a while before it is taken back. Pure."""

from __future__ import annotations

from collections import Counter, deque


class Hold:
    """Told again and again what is found now (a code, or None for nothing), it says what stands.

    A finding stands once it was found for `raise_ns` without a break, under the code that was found most often
    meanwhile; it is gone once nothing was found for `clear_ns`. So whatever flickers is said at most once in
    `raise_ns` + `clear_ns`.
    """

    def __init__(self, raise_ns: int, clear_ns: int) -> None:
        self._raise_ns, self._clear_ns = raise_ns, clear_ns
        self._found: deque[tuple[int, str]] = deque()
        self._since_ns: int | None = None
        self._last_found_ns = 0
        self.code: str | None = None
        self.since_ns = 0

    def tell(self, code: str | None, now_ns: int) -> None:
        if code is None:
            self._nothing(now_ns)
            return
        self._last_found_ns = now_ns
        self._since_ns = now_ns if self._since_ns is None else self._since_ns
        self._found.append((now_ns, code))
        while now_ns - self._found[0][0] > self._raise_ns:
            self._found.popleft()
        if now_ns - self._since_ns >= self._raise_ns:
            self._stand(Counter(one for _, one in self._found).most_common(1)[0][0])

    def _nothing(self, now_ns: int) -> None:
        if self.code is None:
            self._forget()
        elif now_ns - self._last_found_ns >= self._clear_ns:
            self.code = None
            self._forget()

    def _forget(self) -> None:
        self._since_ns = None
        self._found.clear()

    def _stand(self, code: str) -> None:
        if self.code is None and self._since_ns is not None:
            self.since_ns = self._since_ns
        self.code = code
