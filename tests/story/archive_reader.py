"""The archive's bucket as an inspector with the county's own keys sees it: through the S3 client, past the product."""

from __future__ import annotations

from minio import Minio

from demo.place import BUCKET
from tests.story.standing_house import StandingHouse


def bucket_client(standing: StandingHouse) -> Minio:
    settings = standing.house.archive()
    return Minio(settings["endpoint"], settings["access_key"], settings["secret_key"], secure=False, region="us-east-1")


def fetch(standing: StandingHouse, key: str, version_id: str | None = None) -> bytes:
    response = bucket_client(standing).get_object(BUCKET, key, version_id=version_id)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def versions(standing: StandingHouse, prefix: str = "") -> list[tuple[str, str]]:
    """Every version and delete marker below `prefix`: (key, version)."""
    found = bucket_client(standing).list_objects(BUCKET, prefix, recursive=True, include_version=True)
    return [(str(one.object_name), str(one.version_id)) for one in found]
