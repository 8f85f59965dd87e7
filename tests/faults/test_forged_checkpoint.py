"""Somebody puts a checkpoint into the bucket that claims more than there is: told as what it is, and got rid of."""

from __future__ import annotations

from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.ledger.publisher_s3 import CheckpointForged
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import LedgerRolledBack
from indexers.pipeline import Pipeline, integrate
from operations.verification import verify_archive
from tests.fakes import lecture
from tests.migration_world import settings_of
from tests.servers.addresses import name_in
from tests.servers.own import s3_client

NAME = "ledger/checkpoint"


@pytest.fixture
def settings(postgres_database: str, s3_bucket: str, tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "home", {"JIANZHENG_DATABASE": postgres_database, "JIANZHENG_BLOBS": s3_bucket})


def put(bucket: str, note: str) -> str:
    data = note.encode()
    return str(s3_client(bucket).put_object(name_in(bucket), NAME, BytesIO(data), len(data)).version_id)


def file(house: House, title: str) -> str:
    return house.archive.file(house.operator(), lecture(organisation="top", title=title), []).record.code


def test_a_forged_checkpoint_with_more_leaves(settings: Settings, s3_bucket: str) -> None:
    """Filing goes on and `verify` names it; the ledger stands still and says why, writes nothing over it, and goes on
    by itself once that version is removed."""
    with closing(create_archive(settings, name="教育局", origin="archive.example/forged")) as house:
        file(house, "之前")
        Pipeline(house).catch_up()
        genuine = house.publisher.checkpoint().decode()
        size = int(genuine.split("\n")[1])
        forged = genuine.replace(f"\n{size}\n", "\n100000\n", 1)
        version = put(s3_bucket, forged)
        code = file(house, "之后")
        assert house.archive.find(code).code == code
        for _ in range(2):
            with pytest.raises(CheckpointForged):
                integrate(house)
        assert house.publisher.checkpoint().decode() == forged
        found = verify_archive(house)
        assert [(each.klass, each.subject, each.file) for each in found.findings] == [
            ("altered", "checkpoint", "checkpoint")
        ]
        assert any("100000" in each.en for each in found.not_checked)
        s3_client(s3_bucket).remove_object(name_in(s3_bucket), NAME, version)
        integrate(house)
        assert (house.ledger.published(), verify_archive(house).findings) == (house.ledger.size(), [])


def test_a_genuine_checkpoint_with_more_leaves(settings: Settings, s3_bucket: str) -> None:
    """We signed it, and the ledger does not have its leaves: it went back, by a backup of everything but the bucket."""
    with closing(create_archive(settings, name="教育局", origin="archive.example/forged")) as house:
        Pipeline(house).catch_up()
        put(s3_bucket, house.signer.sign_note(Checkpoint(house.identity.origin, 1000, bytes(32)).text()))
        file(house, "之后")
        with pytest.raises(LedgerRolledBack) as told:
            integrate(house)
        assert "1000" in str(told.value)
