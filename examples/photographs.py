"""Drawn "photographs": a meeting room, a classroom, a school yard, a board; with a caption strip below.

Drawn, because nobody's likeness may stand in a demonstration. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFont

from examples.attachments import font_file

WIDTH, HEIGHT, STRIP = 1280, 852, 72
Colour = tuple[int, int, int]

_CLOTHES: tuple[Colour, ...] = (
    (38, 50, 74), (60, 60, 66), (96, 42, 48), (52, 82, 70), (110, 98, 84), (74, 92, 126), (134, 134, 142), (44, 44, 50),
)  # fmt: skip
_SKIN: tuple[Colour, ...] = ((224, 186, 160), (210, 168, 140), (234, 200, 178), (198, 154, 126))
_HAIR: tuple[Colour, ...] = ((28, 24, 24), (44, 36, 32), (70, 66, 66), (32, 28, 36))


def make_photo(scene: str, banner: str, caption: str, random: Random) -> bytes:
    """A JPEG. ``scene`` is a key of `SCENES`; ``banner`` hangs in the picture, ``caption`` stands below it."""
    picture = SCENES[scene](banner, random)
    _light(picture, random)
    whole = Image.new("RGB", (WIDTH, HEIGHT + STRIP), (247, 245, 240))
    whole.paste(picture, (0, 0))
    _write(ImageDraw.Draw(whole), caption, WIDTH / 2, HEIGHT + STRIP / 2, 30, WIDTH - 60, (52, 50, 48))
    out = BytesIO()
    whole.save(out, "JPEG", quality=80, subsampling=2)
    return out.getvalue()


def _gradient(top: Colour, bottom: Colour, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    return strip.resize(size, Image.Resampling.BILINEAR)


def _light(picture: Image.Image, random: Random) -> None:
    """A lamp's or the sun's fall of light, and the grain of a small sensor."""
    x, y = random.randint(0, 128), random.randint(64, 128)
    mask = Image.radial_gradient("L").point([v * 3 // 8 for v in range(256)])
    mask = mask.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, (x, y, x + 128, y + 128))
    picture.paste((18, 16, 24), (0, 0), mask)
    grain = Image.frombytes("L", (WIDTH // 4, HEIGHT // 4), random.randbytes((WIDTH // 4) * (HEIGHT // 4)))
    grain = grain.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR).point([v // 14 for v in range(256)])
    picture.paste((255, 250, 240), (0, 0), grain)


def _write(draw: ImageDraw.ImageDraw, text: str, x: float, y: float, size: int, room: float, colour: Colour) -> None:
    """Text around a point, as large as there is room."""
    if not text:
        return
    font = ImageFont.truetype(font_file(), size, layout_engine=ImageFont.Layout.BASIC)
    while size > 14 and font.getlength(text) > room:
        size -= 2
        font = ImageFont.truetype(font_file(), size, layout_engine=ImageFont.Layout.BASIC)
    draw.text((x, y), text, colour, font, anchor="mm")


def _person(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: Random, back: bool = False) -> None:
    """Head and shoulders; ``y`` is the chin."""
    clothes, skin, hair = random.choice(_CLOTHES), random.choice(_SKIN), random.choice(_HAIR)
    draw.rounded_rectangle((x - size, y + size * 0.15, x + size, y + size * 3), size * 0.7, clothes)
    draw.rectangle((x - size * 0.25, y - size * 0.2, x + size * 0.25, y + size * 0.4), skin)
    draw.ellipse((x - size * 0.56, y - size * 1.35, x + size * 0.56, y + size * 0.05), hair)
    if not back:
        draw.ellipse((x - size * 0.48, y - size * 1.05, x + size * 0.48, y + size * 0.06), skin)
        for side in (-0.2, 0.2):
            draw.ellipse(
                (x + size * (side - 0.05), y - size * 0.6, x + size * (side + 0.05), y - size * 0.5), (50, 40, 40)
            )


def _banner(draw: ImageDraw.ImageDraw, text: str, y: int) -> None:
    draw.rectangle((150, y, WIDTH - 150, y + 74), (178, 28, 36))
    draw.line((150, y + 71, WIDTH - 150, y + 71), (212, 160, 60), 3)
    _write(draw, text, WIDTH / 2, y + 36, 42, WIDTH - 360, (252, 226, 130))


def _audience(draw: ImageDraw.ImageDraw, random: Random, first: int, rows: int) -> None:
    for row in range(rows):
        size, y = 26 + 12 * row, first + 104 * row
        step = size * 3.1
        x = random.uniform(0.2, 0.9) * step
        while x < WIDTH:
            if random.random() < 0.86:
                _person(draw, x + random.uniform(-6, 6), y + random.uniform(-6, 6), size, random, back=True)
            x += step
        draw.rounded_rectangle((-10, y + size * 1.7, WIDTH + 10, y + size * 2.2), 6, (136 - 10 * row, 92, 58))


def _meeting(banner: str, random: Random) -> Image.Image:
    wall = random.choice(((226, 220, 206), (214, 222, 226), (232, 224, 216)))
    picture = _gradient(wall, (182, 172, 158))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 600, WIDTH, HEIGHT), (146, 116, 88))
    for x in (30, WIDTH - 110):
        draw.rectangle((x, 90, x + 80, 420), (196, 216, 232))
        draw.line((x + 40, 90, x + 40, 420), (240, 240, 240), 6)
    _banner(draw, banner, 60)
    count = random.randint(3, 5)
    for i in range(count):
        _person(draw, WIDTH / 2 + (i - (count - 1) / 2) * 150, 350, 38, random)
    draw.rectangle((230, 420, WIDTH - 230, 520), (112, 52, 40))
    for i in range(count):
        seat = WIDTH / 2 + (i - (count - 1) / 2) * 150
        draw.rectangle((seat - 40, 396, seat + 40, 424), (250, 250, 248))
        draw.line((seat - 28, 410, seat + 28, 410), (60, 60, 60), 6)
    _audience(draw, random, 600, 3)
    return picture


def _classroom(banner: str, random: Random) -> Image.Image:
    picture = _gradient((236, 236, 226), (206, 198, 182))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((170, 80, WIDTH - 170, 430), (38, 84, 66))
    draw.rectangle((170, 80, WIDTH - 170, 430), outline=(148, 112, 70), width=10)
    _write(draw, banner, WIDTH / 2, 170, 46, WIDTH - 460, (240, 240, 232))
    for i in range(3):
        y = 240 + 52 * i
        draw.line((300, y, 300 + random.randint(280, 620), y + random.randint(-3, 3)), (210, 216, 208), 4)
    _person(draw, random.choice((250, WIDTH - 260)), 390, 46, random)
    _audience(draw, random, 560, 3)
    return picture


def _yard(banner: str, random: Random) -> Image.Image:
    picture = _gradient(random.choice(((118, 170, 220), (150, 186, 214), (98, 150, 208))), (232, 238, 240))
    draw = ImageDraw.Draw(picture)
    for _ in range(5):
        x, y, w = random.randint(0, WIDTH), random.randint(30, 200), random.randint(120, 260)
        draw.ellipse((x, y, x + w, y + w * 0.28), (246, 248, 250))
    draw.rectangle((90, 240, WIDTH - 90, 520), (214, 190, 164))
    for row in range(3):
        for x in range(130, WIDTH - 160, 84):
            draw.rectangle((x, 262 + 84 * row, x + 52, 314 + 84 * row), (128, 158, 178))
    _banner(draw, banner, 216)
    draw.rectangle((0, 520, WIDTH, HEIGHT), (150, 152, 150))
    draw.rectangle((0, 520, WIDTH, 556), (92, 136, 78))
    draw.line((200, 110, 200, 560), (190, 190, 194), 7)
    draw.polygon([(204, 112), (316, 120), (312, 190), (204, 186)], (206, 26, 34))
    for x in (60, WIDTH - 70, WIDTH - 190):
        draw.rectangle((x - 9, 440, x + 9, 560), (96, 72, 50))
        draw.ellipse((x - 74, 310, x + 74, 470), (64, 116, 64))
    for i in range(random.randint(7, 11)):
        _person(draw, 150 + i * 98 + random.uniform(-12, 12), 640 + random.uniform(-10, 10), 34, random)
    return picture


def _board(banner: str, random: Random) -> Image.Image:
    picture = _gradient((222, 226, 226), (190, 190, 184))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 640, WIDTH, HEIGHT), (158, 148, 136))
    draw.rectangle((120, 110, WIDTH - 120, 600), (166, 34, 40))
    draw.rectangle((120, 110, WIDTH - 120, 600), outline=(200, 200, 204), width=12)
    _write(draw, banner, WIDTH / 2, 165, 48, WIDTH - 320, (252, 226, 130))
    for i in range(3):
        x = 165 + i * 330
        draw.rectangle((x, 220, x + 290, 570), (252, 250, 244))
        draw.rectangle((x + 18, 238, x + 272, 380), random.choice(((126, 164, 190), (196, 160, 110), (120, 150, 110))))
        for line in range(7):
            draw.line((x + 18, 404 + 22 * line, x + random.randint(180, 272), 404 + 22 * line), (120, 118, 116), 5)
    for at in (random.randint(180, 500), random.randint(700, 1100)):
        _person(draw, at, 690, 52, random, back=True)
    return picture


SCENES: dict[str, Callable[[str, Random], Image.Image]] = {
    "meeting": _meeting,
    "classroom": _classroom,
    "yard": _yard,
    "board": _board,
}
