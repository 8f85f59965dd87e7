"""What somebody does to a kept file behind the archive's back, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from io import BytesIO

from adapters.blobs.names import kept_path
from adapters.blobs.s3_inventory import key_of
from adapters.blobs.sealing.format import new_key, sealed
from adapters.home import connections, parts
from adapters.home.settings import Settings
from adapters.s3.address import Address
from adapters.s3.client import Client


def write_over(settings: Settings, sha256: str, data: bytes) -> Callable[[], None]:
    """Other bytes under that name: in the folder those of the file, in a bucket a newer version of the object.

    Returns what puts it back as it was.
    """
    name = kept_as(settings, sha256)
    if name != sha256:  # what somebody can make who has not its key
        sha256, data = name, b"".join(sealed(BytesIO(data).read, new_key()))
    if (address := settings.bucket) is None:
        path = kept_path(settings.blobs_folder, sha256)
        before = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data)

        def put_back() -> None:
            path.write_bytes(before)
            path.chmod(0o444)

        return put_back
    with _bucket(address) as client:
        made = client.minio.put_object(client.bucket, key_of(sha256), BytesIO(data), len(data))

    def remove_version() -> None:
        with _bucket(address) as client:
            client.minio.remove_object(client.bucket, key_of(sha256), made.version_id)

    return remove_version


def remove(settings: Settings, sha256: str) -> None:
    """Nothing under that name: in a bucket a marker hides what was there."""
    sha256 = kept_as(settings, sha256)
    if settings.bucket is None:
        kept_path(settings.blobs_folder, sha256).unlink()
        return
    with _bucket(settings.bucket) as client:
        client.minio.remove_object(client.bucket, key_of(sha256))


def kept_as(settings: Settings, sha256: str) -> str:
    """The digest under which a file lies: where it is sealed, that of its ciphertext."""
    with (
        closing(connections.servers(settings)) as servers,
        closing(parts.tables(settings, servers).blob_keys()) as keys,
    ):
        seal = keys.find([sha256]).get(sha256)
    return sha256 if seal is None or seal.sealed is None else seal.sealed


def _bucket(address: Address) -> closing[Client]:
    return closing(Client(address))
