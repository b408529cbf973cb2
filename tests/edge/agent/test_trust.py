"""TLS to the centre while this PC's clock is wrong: dates are passed over with a pinned CA, and nothing else is."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.agent.trust import Trust, clock_synchronized

IN_TEN_DAYS = datetime.now(UTC) + timedelta(days=10)  # the same as a PC whose clock is that far behind


class Authority:
    """A county's CA, and certificates of it that are not valid yet by this PC's clock."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.BasicConstraints(ca=True, path_length=None)
        self.file = directory / f"{name}.pem"
        certificate = self._sign(self.name, self.key, authority)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, role: x509.ExtensionType) -> x509.Certificate:
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = x509.CertificateBuilder(issuer_name=self.name, subject_name=name, public_key=key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(role, critical=True)
        builder = builder.not_valid_before(IN_TEN_DAYS).not_valid_after(IN_TEN_DAYS + timedelta(days=90))
        return builder.add_extension(address, critical=False).sign(self.key, hashes.SHA256())

    def serving(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "centre")])
        certificate = self._sign(name, key, x509.BasicConstraints(ca=False, path_length=None))
        file = self.directory / f"served-{certificate.serial_number}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@contextlib.asynccontextmanager
async def served(context: ssl.SSLContext) -> AsyncIterator[int]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def connect(trust: Trust, port: int, name: str = "127.0.0.1") -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust.certificates, server_hostname=name)
    except ssl.SSLCertVerificationError:
        return False
    writer.close()
    return True


def test_dates_are_passed_over_only_while_the_clock_is_wrong(tmp_path: Path) -> None:
    county, other = Authority(tmp_path, "county"), Authority(tmp_path, "other")

    async def story() -> None:
        trust = Trust(county.file)
        async with served(county.serving()) as port, served(other.serving()) as stranger:
            assert not await connect(trust, port)  # how the clock is known was not heard yet
            trust.clock_is(False)
            assert await connect(trust, port)
            assert not await connect(trust, stranger)
            assert not await connect(trust, port, "centre.invalid")
            trust.clock_is(None)
            assert not await connect(trust, port)
            trust.clock_is(False)
            trust.clock_is(True)
            assert not await connect(trust, port)

    asyncio.run(story())


def test_a_certificate_that_had_expired_before_the_clock_was_lost_stays_expired(tmp_path: Path) -> None:
    """Whoever stole an old key of the centre's, and keeps time servers away from the room, is not believed."""
    county, known = Authority(tmp_path, "county"), tmp_path / "known-time"
    expires = IN_TEN_DAYS + timedelta(days=90)

    async def story() -> None:
        async with served(county.serving()) as port:
            trust = Trust(county.file, known)
            trust.time_is(int((expires - timedelta(days=1)).timestamp()) * 10**9)
            trust.clock_is(False)
            assert await connect(trust, port)  # it was good when the time was last known
            trust.time_is(int((expires + timedelta(days=1)).timestamp()) * 10**9)
            assert not await connect(trust, port)
            woken = Trust(county.file, known)  # in 1970, after a restart
            woken.clock_is(False)
            assert not await connect(woken, port)
            known.write_text("?")
            forgetful = Trust(county.file, known)
            forgetful.clock_is(False)
            assert await connect(forgetful, port)

    asyncio.run(story())


def test_without_a_pinned_ca_dates_always_count() -> None:
    trust = Trust(None)
    trust.clock_is(False)
    assert trust.looks_at_dates


def test_a_ca_file_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises((OSError, ssl.SSLError)):
        Trust(tmp_path / "ca.pem")


def test_the_recorder_tells_how_the_clock_is_known() -> None:
    assert clock_synchronized({"clock": {"synchronized": False}}) is False
    assert clock_synchronized({"clock": {"synchronized": True}}) is True
    assert clock_synchronized({"clock": "fine"}) is None
    assert clock_synchronized({}) is None
