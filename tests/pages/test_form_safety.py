import pytest

from pages.form_safety import form_token, host_allowed, origin_allowed, token_matches

OWN = {"host": "centre.example:8470"}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "https://centre.example:8470"}, True),
        ({"origin": "https://centre.example"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, True),
    ],
)
def test_only_our_own_pages_may_change_something(headers: dict[str, str], allowed: bool) -> None:
    assert origin_allowed("POST", OWN | headers) is allowed
    assert origin_allowed("GET", OWN | headers)


def test_a_token_belongs_to_one_web_session() -> None:
    token = form_token(b"secret", "one")
    assert token_matches(b"secret", "one", token)
    assert not token_matches(b"secret", "two", token)
    assert not token_matches(b"other", "one", token)
    assert not token_matches(b"secret", "one", None)
    assert not token_matches(b"secret", "one", "令牌")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8471", True),
        ("localhost", True),
        ("[::1]:8471", True),
        ("rebound.example:8471", False),
        (None, False),
        ("[", False),
    ],
)
def test_host_is_checked_without_its_port(host: str | None, allowed: bool) -> None:
    assert host_allowed(host, {"127.0.0.1", "localhost", "::1"}) is allowed
