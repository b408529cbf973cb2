"""Keys and signed JSON: opened only as what it was signed as."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.signing import (
    CONFIGURATION_TYP,
    MANIFEST_TYP,
    BadKey,
    BadSignature,
    NotCanonical,
    PublicKey,
    SigningError,
    SigningKey,
    UnknownAlgorithm,
    WrongType,
    canonical_json,
    decode_base64url,
    encode_base64url,
    open_json,
    peek_kid,
    sign_json,
)

KEY = SigningKey.generate()
OTHER = SigningKey.generate()
PAYLOAD = {"name": "青石镇", "number": 1, "list": [1.5, None, True]}


def _forged(header: dict[str, object] | bytes, payload: bytes, key: SigningKey = KEY) -> str:
    """Rightly signed, whatever it holds."""
    head = header if isinstance(header, bytes) else canonical_json(header)
    signed = f"{encode_base64url(head)}.{encode_base64url(payload)}"
    return f"{signed}.{encode_base64url(key.sign_raw(signed.encode()))}"


def _header(**changes: object) -> dict[str, object]:
    return {"alg": "EdDSA", "typ": MANIFEST_TYP, "kid": KEY.public.kid, **changes}


def test_what_was_signed_comes_back() -> None:
    jws = sign_json(PAYLOAD, KEY, MANIFEST_TYP)
    assert open_json(jws, KEY.public, MANIFEST_TYP) == PAYLOAD
    assert peek_kid(jws) == KEY.public.kid
    assert PublicKey.from_text(KEY.public.text) == KEY.public


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "SM2", "", None])
def test_another_algorithm_is_refused_by_name(algorithm: str | None) -> None:
    with pytest.raises(UnknownAlgorithm, match=repr(algorithm)):
        open_json(_forged(_header(alg=algorithm), b"{}"), KEY.public, MANIFEST_TYP)


def test_signed_as_something_else_is_refused() -> None:
    with pytest.raises(WrongType):
        open_json(sign_json(PAYLOAD, KEY, MANIFEST_TYP), KEY.public, CONFIGURATION_TYP)


def test_signed_by_another_key_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_json(sign_json(PAYLOAD, OTHER, MANIFEST_TYP), KEY.public, MANIFEST_TYP)
    with pytest.raises(BadSignature):  # the other's signature under this key's name
        open_json(_forged(_header(), b"{}", OTHER), KEY.public, MANIFEST_TYP)


@pytest.mark.parametrize(
    "jws",
    [
        "",
        "a.b",
        "....",
        _forged(_header(), b'{"b":1, "a":2}'),
        _forged(_header(), b'{"a":1,"a":1}'),
        _forged(_header(), b'{"a":1.0}'),
        _forged(_header(), b'{"a":9007199254740993}'),
        _forged(_header(), b'{"a":NaN}'),
        _forged(_header(), b"[1]"),
        _forged(_header(), b"\xff"),
        _forged(_header(crit=["x"]), b"{}"),
        _forged(b"{", b"{}"),
        _forged(_header(), b"{}") + "=",
        _forged(_header(), b"{}") + "\n",
        "x" * 2_000_000,
        _forged(_header(), b"[" * 100_000),
    ],
)
def test_what_is_not_in_canonical_form_is_refused(jws: str) -> None:
    with pytest.raises(NotCanonical):
        open_json(jws, KEY.public, MANIFEST_TYP)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(SigningError):
        open_json(text, KEY.public, MANIFEST_TYP)


@given(st.binary(max_size=40))
def test_base64url_has_one_text_for_one_value(data: bytes) -> None:
    text = encode_base64url(data)
    assert decode_base64url(text) == data
    for other in (text + "=", text + "\n", " " + text, text + "+"):
        with pytest.raises(NotCanonical):
            decode_base64url(other)


def test_big_integers_are_refused_before_signing() -> None:
    with pytest.raises(ValueError, match="RFC 8785"):
        sign_json({"wall_ns": 2**60}, KEY, MANIFEST_TYP)


def test_a_key_file_is_private_exclusive_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "chain.key"
    KEY.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path).public == KEY.public
    with pytest.raises(FileExistsError):
        OTHER.save(path)
    assert SigningKey.load(path).public == KEY.public
    assert [item.name for item in tmp_path.iterdir()] == ["chain.key"]
    path.chmod(0o640)
    with pytest.raises(BadKey) as caught:
        SigningKey.load(path)
    assert caught.value.code == "key-exposed"


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chain.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadKey):
        SigningKey.load(path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    with pytest.raises(BadKey, match="not an Ed25519 key"):
        SigningKey.load(path)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", KEY.public.text + "A", KEY.public.text[:-1]])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        PublicKey.from_text(text)


def test_a_fingerprint_is_eight_groups_of_four() -> None:
    groups = KEY.public.fingerprint.split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert "".join(groups).lower() == KEY.public.kid[:32]
    assert repr(KEY.public) == f"PublicKey({KEY.public.text})"
    assert json.dumps(KEY.public.text)
