"""Verifies what the demo's archive and spool hold, as an inspector would: the archive's bytes fetched, keys known from
the centre's database, every segment opened and played with the archive identity."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.process import LocalArchive, S3Archive
from control_api.database.engine import Database, database_url, open_database
from control_api.devices.service import list_devices
from control_api.keys import ARCHIVE_FILE, keys_directory, open_keys
from demo.house import House
from storage.archive import open_archive
from storage.report import Report
from storage.sealing import IdentityOpener
from storage.signing import PublicKey
from storage.verification import verify


def verify_archive(house: House) -> str:
    """Empty when archive and spool are sound, else the first bad thing in a sentence. The room must have stopped."""
    centre_data = house.place.centre_data
    database = open_database(database_url("", centre_data), demo=True)
    try:
        devices = _device_keys(database)
    finally:
        database.close()
    centre = open_keys(centre_data, recovery_required=False).signing.public
    opener = IdentityOpener.load(keys_directory(centre_data) / ARCHIVE_FILE)
    archive = verify(fetch_archive(house), devices, [centre], opener)
    spool = verify(house.place.room_data / "recorder" / "spool", devices, [centre], opener)
    return _verdict("archive", archive) or _verdict("spool", spool)


def fetch_archive(house: House) -> Path:
    """The archive as a folder: its own directory, or every object of the bucket fetched beside the demo."""
    described = house.archive()
    if described["kind"] == "local":
        return LocalArchive.model_validate(described).directory
    folder = house.place.directory / "fetched"
    shutil.rmtree(folder, ignore_errors=True)
    store = open_archive(S3Archive.model_validate(described), grant_key=b"", base_url=house.centre_url)
    for stored in store.list(""):
        if stored.key.startswith("probe/"):
            continue  # what the centre leaves behind when it tries the lock
        target = folder / stored.key
        target.parent.mkdir(parents=True, exist_ok=True)
        with store.open(stored.key, stored.version_id) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    return folder


def _device_keys(database: Database) -> list[PublicKey]:
    with database.reading() as session:
        return [PublicKey.from_text(device.chain_key) for device in list_devices(session)]


def _verdict(name: str, report: Report) -> str:
    if not report.ok:
        problem = report.problem
        return f"{name}: {problem.message_en if problem else 'not sound'}"
    if not report.opened_checked:
        return f"{name}: no segment was opened"
    return ""
