"""Laying hands on what the ledger publishes: tiles, bundles, the checkpoint, its signatures, the public keys."""

from __future__ import annotations

import base64
from collections.abc import Callable

from domain.ledger.checkpoint import Checkpoint
from domain.ledger.tiles import Tile, parse_path
from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named

CHECKPOINT = "checkpoint"
PUBLISHED = ("published checkpoint",)
SIGNED = ("last signed",)


def _tile(hands: Hands, draw: Draw, wanted: Callable[[Tile], bool] = lambda tile: True) -> str:
    names = [name for name in hands.public() if (tile := parse_path(name)) is not None and wanted(tile)]
    return draw.one(names)


@kind("altered", "tiles", "a byte of a tile", "瓦片改一个字节", shares=["tiles"])
def tile_byte(hands: Hands, draw: Draw) -> Expected:
    name = _tile(hands, draw, lambda tile: tile.level >= 0)
    hands.write(name, draw.bit(hands.read(name)))
    return named("altered", "tile", name)


@kind("altered", "tiles", "a byte of a bundle of entries", "条目包改一个字节", shares=["tiles"])
def bundle_byte(hands: Hands, draw: Draw) -> Expected:
    name = _tile(hands, draw, lambda tile: tile.level < 0)
    hands.write(name, draw.bit(hands.read(name)))
    return named("altered", "tile", name)


@kind("altered", "tiles", "a tile cut short", "瓦片被截短", shares=["tiles"])
def tile_cut(hands: Hands, draw: Draw) -> Expected:
    name = _tile(hands, draw)
    data = hands.read(name)
    hands.write(name, data[: draw.chance.randrange(len(data))])
    return named("altered", "tile", name)


@kind("deleted", "tiles", "a tile or bundle deleted", "删一个瓦片或条目包", shares=["tiles"])
def tile_deleted(hands: Hands, draw: Draw) -> Expected:
    name = _tile(hands, draw)
    hands.remove(name)
    return named("deleted", "tile", name)


@kind("inserted", "tiles", "a tile inserted", "多出一个瓦片")
def tile_inserted(hands: Hands, draw: Draw) -> Expected:
    level = draw.chance.choice(["0", "entries", "1"])
    name = draw.one([f"tile/{level}/{number:03d}" for number in range(20, 90)])
    hands.write(name, draw.chance.randbytes(64))
    return named("inserted", "tile", name)


@kind("inserted", "tiles", "a foreign file beside the tiles", "公开目录里多出别的文件")
def foreign_file(hands: Hands, draw: Draw) -> Expected:
    name = draw.one([f"tile/说明{number}.txt" for number in range(9)])
    hands.write(name, "这里没有问题".encode())
    return named("inserted", "file", name)


@kind("reordered", "tiles", "two tiles exchanged", "两个瓦片对调", alone=["tiles"])
def tiles_exchanged(hands: Hands, draw: Draw) -> Expected:
    level = draw.chance.choice(["0", "entries"])
    names = [f"tile/{level}/{number:03d}" for number in (0, 1)]
    first, second = (hands.read(name) for name in names)
    for name, data in zip(names, (second, first), strict=True):
        hands.write(name, data)
    return named("reordered", "tile", *names)


# ── the checkpoint ──────────────────────────────────────────────────────────────────────────────────────────────────


@kind("altered", "checkpoints", "a byte of the published checkpoint", "公布的检查点改一个字节", alone=PUBLISHED)
def checkpoint_byte(hands: Hands, draw: Draw) -> Expected:
    data, own = hands.read(CHECKPOINT), len(draw.made.notes[draw.made.size].encode())
    hands.write(CHECKPOINT, draw.bit(data[:own]) + data[own:])
    return named("altered", "checkpoint", CHECKPOINT)


@kind("deleted", "checkpoints", "the published checkpoint deleted", "删掉公布的检查点", alone=PUBLISHED)
def checkpoint_deleted(hands: Hands, draw: Draw) -> Expected:
    hands.remove(CHECKPOINT)
    return named("deleted", "checkpoint", CHECKPOINT)


@kind("rolled back", "checkpoints", "an older checkpoint published again", "公布的检查点换回旧的", alone=PUBLISHED)
def checkpoint_older(hands: Hands, draw: Draw) -> Expected:
    size = draw.chance.choice(draw.made.ends[:-1])
    hands.write(CHECKPOINT, draw.made.notes[size].encode())
    return named("rolled back", "checkpoint", CHECKPOINT)


def _forged(hands: Hands, draw: Draw, size: int) -> str:
    """Another root, signed with the log's real key."""
    with hands.house() as house:
        return house.signer.sign_note(Checkpoint(house.identity.origin, size, draw.chance.randbytes(32)).text())


@kind("forked", "checkpoints", "another root of the same size published", "公布同样大小、根不同的检查点",
      alone=PUBLISHED)  # fmt: skip
def checkpoint_forked(hands: Hands, draw: Draw) -> Expected:
    hands.write(CHECKPOINT, _forged(hands, draw, draw.made.size).encode())
    return named("forked", "checkpoint", CHECKPOINT)


@kind("altered", "checkpoints", "a byte of what was signed last", "签署记录改一个字节", alone=SIGNED)
def last_signed_byte(hands: Hands, draw: Draw) -> Expected:
    path = hands.key_file("last-signed")
    path.write_bytes(draw.bit(path.read_bytes()))
    return named("altered", "checkpoint", "keys/last-signed")


@kind("deleted", "checkpoints", "what was signed last deleted", "删掉签署记录", alone=SIGNED)
def last_signed_deleted(hands: Hands, draw: Draw) -> Expected:
    hands.key_file("last-signed").unlink()
    return named("deleted", "checkpoint", "keys/last-signed")


@kind("rolled back", "checkpoints", "what was signed last put back", "签署记录换回旧的", alone=SIGNED)
def last_signed_older(hands: Hands, draw: Draw) -> Expected:
    size = draw.chance.choice(draw.made.ends[:-1])
    hands.key_file("last-signed").write_text(draw.made.notes[size])
    return named("rolled back", "checkpoint", "keys/last-signed")


@kind("forked", "checkpoints", "another root signed last", "签署记录换成根不同的检查点", alone=SIGNED)
def last_signed_forked(hands: Hands, draw: Draw) -> Expected:
    hands.key_file("last-signed").write_text(_forged(hands, draw, draw.made.size))
    return named("forked", "checkpoint", "keys/last-signed")


# ── cosignatures ────────────────────────────────────────────────────────────────────────────────────────────────────


@kind("altered", "cosignatures", "a byte of a witness's signature", "见证方的签名改一个字节", alone=PUBLISHED)
def cosignature_byte(hands: Hands, draw: Draw) -> Expected:
    return _cosignature(hands, draw.bit)


@kind("altered", "cosignatures", "the time of a cosignature put back", "共签的时间改早", alone=PUBLISHED)
def cosignature_time(hands: Hands, draw: Draw) -> Expected:
    return _cosignature(hands, lambda said: (int.from_bytes(said[:8], "big") - 86_400).to_bytes(8, "big") + said[8:])


def _cosignature(hands: Hands, change: Callable[[bytes], bytes]) -> Expected:
    text, end = hands.read(CHECKPOINT).decode().rstrip("\n"), "\n"
    rest, _, blob = text.rpartition(" ")
    data = base64.b64decode(blob)
    hands.write(CHECKPOINT, f"{rest} {base64.b64encode(data[:4] + change(data[4:])).decode()}{end}".encode())
    return named("altered", "checkpoint", CHECKPOINT)


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@kind("unauthorised", "keys", "signed with a key that was retired", "用停用的旧密钥签检查点", alone=PUBLISHED)
def stolen_key(hands: Hands, draw: Draw) -> Expected:
    thief = draw.made.old_key()
    size, root = draw.made.size, draw.chance.randbytes(32)
    hands.write(CHECKPOINT, thief.sign_note(Checkpoint(thief.name, size, root).text()).encode())
    return named("unauthorised", "checkpoint", CHECKPOINT)


@kind("altered", "keys", "the published keys altered", "公布的公钥被改", alone=["vkey"], servers=False)
def vkey_altered(hands: Hands, draw: Draw) -> Expected:
    hands.write("vkey", draw.bit(hands.read("vkey")))
    return named("altered", "file", "vkey")


@kind("altered", "keys", "another key published", "公布的公钥换成旧的", alone=["vkey"], servers=False)
def vkey_exchanged(hands: Hands, draw: Draw) -> Expected:
    hands.write("vkey", f"{draw.made.old_key().vkey()}\n".encode())
    return named("altered", "file", "vkey")
