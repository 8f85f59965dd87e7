"""Laying hands on kept files."""

from __future__ import annotations

import hashlib

from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named

FILES = ("files",)


@kind("altered", "blobs", "a byte of a file", "附件改一个字节", shares=FILES)
def file_byte(hands: Hands, draw: Draw) -> Expected:
    sha256, place = draw.file()
    hands.write_file(sha256, draw.bit(hands.read_file(sha256)))
    return named("altered", "file", place)


@kind("altered", "blobs", "a file cut short", "附件被截短", shares=FILES)
def file_cut(hands: Hands, draw: Draw) -> Expected:
    sha256, place = draw.file()
    data = hands.read_file(sha256)
    hands.write_file(sha256, data[: draw.chance.randrange(len(data))])
    return named("altered", "file", place)


@kind("altered", "blobs", "a file with something added", "附件后面添了内容", shares=FILES)
def file_longer(hands: Hands, draw: Draw) -> Expected:
    sha256, place = draw.file()
    hands.write_file(sha256, hands.read_file(sha256) + "（补记）".encode())
    return named("altered", "file", place)


@kind("altered", "blobs", "two files exchanged", "两份附件对调", shares=FILES)
def files_exchanged(hands: Hands, draw: Draw) -> Expected:
    (one, first), (other, second) = draw.file(), draw.file()
    data = hands.read_file(one)
    hands.write_file(one, hands.read_file(other))
    hands.write_file(other, data)
    return named("altered", "file", first, second)


@kind("deleted", "blobs", "a file deleted", "删一份附件", shares=FILES)
def file_deleted(hands: Hands, draw: Draw) -> Expected:
    sha256, place = draw.file()
    hands.remove_file(sha256)
    return named("deleted", "file", place)


@kind(
    "inserted", "blobs", "a file that no event names", "塞进一份没有事件引用的附件", alone=["named files"], shares=FILES
)
def file_inserted(hands: Hands, draw: Draw) -> Expected:
    data = draw.chance.randbytes(40)
    sha256 = hashlib.sha256(data).hexdigest()
    hands.write_file(sha256, data)
    return named("inserted", "file", f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}")


@kind("inserted", "blobs", "something that is no kept file", "附件库里多出别的东西", shares=FILES)
def stray(hands: Hands, draw: Draw) -> Expected:
    name = draw.one([f"笔记{number}.txt" for number in range(9)])
    return named("inserted", "file", hands.add_stray(name))
