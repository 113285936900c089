#!/usr/bin/env python3
"""Makes tests/data/images: small pictures of every kind that is read, and what Pillow makes of them.

    tools/make_image_goldens.py tests/data/images        (needs Pillow and numpy)

goldens.json has, for each file, the size and the SHA-256 of the RGB pixels after the EXIF orientation was
applied, and for each resize of a picture made by a formula the SHA-256 of Pillow's result. The pictures show
nothing: gradients, stripes and noise.
"""

import argparse
import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy
from PIL import Image, ImageOps

WIDTH, HEIGHT = 45, 38


def picture(width=WIDTH, height=HEIGHT, seed=1):
    y, x = numpy.mgrid[0:height, 0:width]
    noise = numpy.random.default_rng(seed).integers(0, 40, (height, width, 3))
    planes = [x * 5 % 256, y * 6 % 256, (x // 4 + y // 4) % 2 * 180]
    return numpy.clip(numpy.stack(planes, 2) + noise, 0, 255).astype(numpy.uint8)


def formula(width, height):
    """As tests/unit/media/image_resize_test.cc makes it: bytes of a multiplicative sequence."""
    index = numpy.arange(width * height * 3, dtype=numpy.uint64)
    return ((index * 2654435761 % 2**32) >> 24).astype(numpy.uint8).reshape(height, width, 3)


def interlaced_png(pixels):
    """RGB with Adam7, which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    data = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                           (0, 1, 1, 2)):
        part = pixels[y0::dy, x0::dx]
        if part.size:
            data += b"".join(b"\0" + row.tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def save(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def oriented(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def files():
    rgb = Image.fromarray(picture())
    grey = rgb.convert("L")
    alpha = rgb.copy()
    alpha.putalpha(Image.fromarray(picture(seed=2)[:, :, 0]))
    palette = rgb.quantize(17)
    yield "baseline.jpg", save(rgb, "JPEG", quality=85)
    yield "full_colour.jpg", save(rgb, "JPEG", quality=90, subsampling=0)
    yield "half_colour.jpg", save(rgb, "JPEG", quality=80, subsampling=1)
    yield "progressive.jpg", save(rgb, "JPEG", quality=80, progressive=True)
    yield "restarts.jpg", save(rgb, "JPEG", quality=70, restart_marker_rows=1)
    yield "grey.jpg", save(grey, "JPEG", quality=85)
    yield "cmyk.jpg", save(rgb.convert("CMYK"), "JPEG", quality=85)
    for orientation in range(1, 9):
        yield f"turned_{orientation}.jpg", save(rgb, "JPEG", quality=75, exif=oriented(orientation))
    yield "rgb.png", save(rgb, "PNG")
    yield "grey.png", save(grey, "PNG")
    yield "black_white.png", save(grey.convert("1"), "PNG")
    yield "alpha.png", save(alpha, "PNG")
    yield "grey_alpha.png", save(alpha.convert("LA"), "PNG")
    yield "palette.png", save(palette, "PNG")
    yield "palette_clear.png", save(palette, "PNG", transparency=3)
    yield "colour_key.png", save(rgb, "PNG", transparency=(10, 20, 30))
    yield "turned.png", save(rgb, "PNG", exif=oriented(6))
    yield "interlaced.png", interlaced_png(picture())
    yield "lossy.webp", save(rgb, "WEBP", quality=70)
    yield "lossless.webp", save(rgb, "WEBP", lossless=True)
    yield "alpha.webp", save(alpha, "WEBP", lossless=True, exact=True)
    yield "turned.webp", save(rgb, "WEBP", quality=70, exif=oriented(8))
    frames = [rgb, Image.fromarray(picture(seed=3))]
    yield "animated.webp", save(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100,
                                lossless=True)


# Width and height of the picture, the box, the result's size, the filter. Pillow 13 takes columns first where
# that is less work (300 x 400 to 300 x 50); versions before it, with which models were trained, never did, and
# nor do we. So the two directions are asked for one after the other.
RESIZES = [
    ((500, 375), (85, 22, 328, 328), (224, 224), "bicubic"),
    ((500, 375), (85, 22, 328, 328), (224, 224), "bilinear"),
    ((64, 48), (0, 0, 64, 48), (224, 224), "bicubic"),
    ((64, 48), (1, 2, 30, 40), (224, 17), "bilinear"),
    ((1200, 20), (0, 0, 1200, 20), (16, 16), "bicubic"),
    ((3, 900), (1, 0, 2, 900), (5, 7), "bicubic"),
    ((1, 1), (0, 0, 1, 1), (9, 4), "bicubic"),
    ((33, 33), (0, 0, 33, 33), (33, 33), "bicubic"),
    ((33, 40), (0, 0, 33, 40), (33, 20), "bicubic"),
    ((33, 40), (0, 0, 33, 40), (16, 40), "bilinear"),
    ((257, 255), (0, 0, 257, 255), (1, 1), "bicubic"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    goldens = {"pictures": [], "resizes": []}
    for name, content in files():
        (folder / name).write_bytes(content)
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
        goldens["pictures"].append({"file": name, "width": image.width, "height": image.height,
                                    "sha256": hashlib.sha256(image.tobytes()).hexdigest()})
    for size, (x, y, width, height), result, kind in RESIZES:
        image = Image.fromarray(formula(*size)).crop((x, y, x + width, y + height))
        resampling = getattr(Image.Resampling, kind.upper())
        resized = image.resize((result[0], height), resampling).resize(result, resampling)
        goldens["resizes"].append({"size": size, "box": [x, y, width, height], "result": result, "filter": kind,
                                   "sha256": hashlib.sha256(resized.tobytes()).hexdigest()})
    lines = [f'"{key}": [\n' + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]"
             for key, rows in goldens.items()]
    (folder / "goldens.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
