"""AWS Signature Version 4 for one presigned request with signed headers. Pure: the moment is an argument.

The minio client can't sign further headers of a presigned PUT, and those headers (hash, length, lock date, only if
absent) are what makes a grant good for exactly one object of exactly these bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

_SERVICE = "s3"


@dataclass(frozen=True, slots=True)
class S3Credentials:
    access_key: str
    secret_key: str
    region: str

    def __repr__(self) -> str:
        return f"S3Credentials({self.access_key!r})"  # the secret stays out of logs


def presign(
    credentials: S3Credentials,
    method: str,
    origin: str,
    path: str,
    headers: Mapping[str, str],
    now_wall_ns: int,
    lifetime_s: int,
) -> str:
    """A URL that holds for `lifetime_s` and only for a request with exactly these `headers` (names in lower case).

    `origin`: scheme://host[:port]; `path`: /bucket/key, not yet percent-encoded.
    """
    stamp = datetime.fromtimestamp(now_wall_ns // 1_000_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{credentials.region}/{_SERVICE}/aws4_request"
    signed = {**headers, "host": origin.split("://", 1)[1]}
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(lifetime_s),
        "X-Amz-SignedHeaders": ";".join(sorted(signed)),
    }
    query_text = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    header_text = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    request = [method, quote(path), query_text, header_text, query["X-Amz-SignedHeaders"], "UNSIGNED-PAYLOAD"]
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    signature = hmac.new(
        _signing_key(credentials, stamp[:8]), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256"
    ).hexdigest()
    return f"{origin}{quote(path)}?{query_text}&X-Amz-Signature={signature}"


def _signing_key(credentials: S3Credentials, day: str) -> bytes:
    key = b"AWS4" + credentials.secret_key.encode()
    for part in (day, credentials.region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
