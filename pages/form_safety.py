"""Keeps other sites from acting in a person's name. Pure: headers and secrets in, yes or no out.

Two fences, each enough by itself: a browser says where a request comes from (Origin, Sec-Fetch-Site), and every
form carries a token that only our own page could have read. The Host check keeps a rebound DNS name out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD = "csrf"  # noqa: S105 - a field's name
TOKEN_HEADER = "x-csrf-token"  # noqa: S105 - a header's name


def form_token(secret: bytes, web_session: str) -> str:
    """The token for every form of one web session."""
    return hmac.new(secret, b"shilu-form-1\n" + web_session.encode(), hashlib.sha256).hexdigest()


def token_matches(secret: bytes, web_session: str, given: str | None) -> bool:
    return hmac.compare_digest(form_token(secret, web_session).encode(), (given or "").encode())


def host_allowed(host: str | None, allowed: Collection[str]) -> bool:
    """`host` as in the Host header, `allowed` names without port. An empty `allowed` allows any."""
    if not allowed:
        return True
    try:
        name = urlsplit(f"//{host or ''}").hostname or ""
    except ValueError:  # such as "["
        return False
    return name in allowed


def origin_allowed(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from our own pages, as far as the browser says.

    `headers` with lower-case names. A request without Origin and Sec-Fetch-Site comes from no browser of this
    decade: it passes here and is held by the token.
    """
    if method.upper() in SAFE_METHODS:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False
