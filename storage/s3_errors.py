"""What an S3 server's refusals mean to the rest of the product. Pure; knows no client."""

from __future__ import annotations

from storage.object_store import ObjectStoreError, already_there, bytes_differ, not_found

_ABSENT = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "ResourceNotFound", "MethodNotAllowed"}
_LATER = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed"}


def error_code(body: bytes) -> str:
    start, end = body.find(b"<Code>"), body.find(b"</Code>")
    return body[start + 6 : end].decode(errors="replace") if 0 <= start < end else ""


def refused(key: str, status: int, code: str) -> ObjectStoreError:
    if code in _ABSENT or status == 404:
        return not_found(key)
    if code == "PreconditionFailed" or status == 412:
        return already_there(key)
    if code in {"BadDigest", "XAmzContentChecksumMismatch", "InvalidDigest", "IncompleteBody"}:
        return bytes_differ(key)
    if code in {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"} or status == 403:
        return ObjectStoreError(
            "denied",
            "归档服务器拒绝了请求。",
            f"The archive server refused this ({code or status}).",
            hint="请检查访问密钥、存储桶和对象锁定设置。",
            hint_en="Check the access key, the bucket and its Object Lock.",
        )
    return ObjectStoreError(
        "store-failed",
        f"归档服务器返回错误（{code or status}）。",
        f"The archive server answered with an error ({code or status}).",
        recoverable=code in _LATER or status >= 500,
    )


def unreachable(error: Exception) -> ObjectStoreError:
    return ObjectStoreError(
        "unreachable",
        "无法连接归档服务器，稍后重试。",
        f"The archive server can't be reached or answers nonsense ({type(error).__name__}).",
        recoverable=True,
        hint="请检查归档服务器和网络。",
        hint_en="Check the archive server and the network.",
    )
