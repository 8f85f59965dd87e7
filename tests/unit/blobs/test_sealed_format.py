"""The form of a sealed file: the same bytes for ever, and nothing comes out of it that did not go in."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable

import pytest

from adapters.blobs.sealing.format import HEADER, SEGMENT, TAG, plain_size, sealed, unsealed
from domain.errors import BlobDamaged

KEY = bytes(range(32))
STEP = SEGMENT + TAG
SIZES = (0, 1, 16, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 777)


def data(size: int) -> bytes:
    return hashlib.shake_128(b"plain").digest(size)


def made(plain: bytes, key: bytes = KEY) -> bytes:
    return b"".join(sealed(io.BytesIO(plain).read, key))


def opened(ciphertext: bytes, key: bytes = KEY) -> bytes:
    with unsealed(io.BytesIO(ciphertext), key, "of the plain bytes") as reader:
        return reader.read()


@pytest.mark.parametrize(
    "size, digest",
    [
        (0, "f8f1de8052dc9e6b522243c0634b784638d90e45d55bf2cf497f8fe7d08c8f38"),
        (9, "c8f28148dad096da5e40ee6670c3e5c349e388e0152129121b6ebd541aed3bfe"),
        (SEGMENT, "78b1b6fc7b9cdc1bc6d46c694ce3d87d2d131599ad475dd3adac2404fa465baa"),
        (SEGMENT + 1, "88462d2c3f54e119d19730bdfc4c2bcf22891f1cfef9d9e4252a52e5fc4cc09e"),
    ],
)
def test_the_bytes_of_a_sealed_file_never_change(size: int, digest: str) -> None:
    """Version 1, for ever: a program that makes other bytes could not read what is kept."""
    assert hashlib.sha256(made(data(size))).hexdigest() == digest


def test_a_short_file_byte_by_byte() -> None:
    """Header, ciphertext, tag."""
    assert made(b"evidence").hex() == "4a5a5345414c000170a0d698219a537b878c09685a86362a830493dcc1d0f929"


@pytest.mark.parametrize("size", SIZES)
def test_what_went_in_comes_out(size: int) -> None:
    """At every border of a segment; and the size is known without the key."""
    ciphertext = made(data(size))
    assert opened(ciphertext) == data(size)
    assert plain_size(len(ciphertext)) == size
    assert ciphertext.startswith(HEADER)


def test_any_part_can_be_read() -> None:
    """Seeking anywhere, in any order, gives the bytes of that place."""
    plain, chance = data(3 * SEGMENT + 777), random.Random(1)
    with unsealed(io.BytesIO(made(plain)), KEY, "x") as reader:
        for _ in range(300):
            start, length = chance.randrange(len(plain) + 10), chance.randrange(2 * SEGMENT)
            assert reader.seek(start) == start
            assert reader.read(length) == plain[start : start + length]
        assert reader.seek(-5, io.SEEK_END) == len(plain) - 5 and reader.read() == plain[-5:]


class Counting(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_only_what_is_touched_is_opened() -> None:
    """A few bytes of a large file cost a segment, wherever they are."""
    source = Counting(made(data(100 * SEGMENT)))
    with unsealed(source, KEY, "x") as reader:
        reader.seek(70 * SEGMENT + 5)
        assert reader.read(10) == data(100 * SEGMENT)[70 * SEGMENT + 5 :][:10]
    assert source.count < 3 * STEP


def swapped(ciphertext: bytes) -> bytes:
    head, body = ciphertext[: len(HEADER)], ciphertext[len(HEADER) :]
    return head + body[STEP : 2 * STEP] + body[:STEP] + body[2 * STEP :]


def left_out(ciphertext: bytes) -> bytes:
    head, body = ciphertext[: len(HEADER)], ciphertext[len(HEADER) :]
    return head + body[:STEP] + body[2 * STEP :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "one bit": lambda each: each[:-100] + bytes([each[-100] ^ 1]) + each[-99:],
    "a bit of the tag": lambda each: each[:-1] + bytes([each[-1] ^ 128]),
    "the version": lambda each: each[:7] + b"\x02" + each[8:],
    "the magic": lambda each: b"X" + each[1:],
    "cut off in a segment": lambda each: each[:-100],
    "cut off between segments": lambda each: each[: len(HEADER) + 2 * STEP],
    "cut off in a tag": lambda each: each[: len(HEADER) + 2 * STEP + 7],
    "cut off to a bare tag": lambda each: each[: len(HEADER) + 2 * STEP + 16],
    "only the header": lambda each: each[:8],
    "nothing": lambda each: b"",
    "one byte more": lambda each: each + b"\0",
    "a segment more": lambda each: each + each[-STEP:],
    "two swapped": swapped,
    "one left out": left_out,
    "two of them": lambda each: each + each,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_found(how: str) -> None:
    """Whatever became of the bytes, reading to the end says that the file is damaged."""
    ciphertext = made(data(3 * SEGMENT + 777))
    with pytest.raises(BlobDamaged, match="of the plain bytes"):
        opened(DAMAGE[how](ciphertext))


@pytest.mark.parametrize("size", range(40))
def test_a_stump_is_damaged(size: int) -> None:
    """No beginning of a sealed file passes for a shorter one, and no key but its own opens it."""
    ciphertext = made(data(16))
    assert len(ciphertext) == 40
    with pytest.raises(BlobDamaged):
        opened(ciphertext[:size])
    for key in (bytes(32), KEY[:31], b""):
        with pytest.raises(BlobDamaged):
            opened(ciphertext, key)
    with pytest.raises(BlobDamaged):
        opened(made(b""), bytes(32))


def test_its_source_is_closed() -> None:
    """By whoever closes the reader, and where the file cannot be opened at all."""
    for ciphertext in (made(b"evidence"), b"nothing of that kind"):
        source = io.BytesIO(ciphertext)
        try:
            with unsealed(source, KEY, "x") as reader:
                assert reader.readable() and reader.seekable() and reader.tell() == 0
        except BlobDamaged:
            pass
        assert source.closed
