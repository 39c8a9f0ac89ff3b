"""A picture of a page with few colours: a third of the bytes, and nobody sees the difference."""

import base64
import struct
import zlib

from playwright.sync_api import Page

COLOURS = 64
# The browser reads the picture, keeps the colours that are most frequent, and gives each pixel the nearest of them.
_COUNT = """async ([picture, most]) => {
  const bitmap = await createImageBitmap(await (await fetch(picture)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), brush = canvas.getContext("2d");
  brush.drawImage(bitmap, 0, 0);
  const data = new Uint32Array(brush.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  const counts = new Map();
  for (const one of data) counts.set(one, (counts.get(one) || 0) + 1);
  const kept = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most).map(([one]) => one);
  const parts = (one) => [one & 255, (one >> 8) & 255, (one >> 16) & 255];
  const palette = kept.map(parts), nearest = new Map(kept.map((one, place) => [one, place]));
  const place = (one) => {
    if (!nearest.has(one)) {
      const mine = parts(one);
      const far = palette.map((other) => other.reduce((sum, part, n) => sum + (part - mine[n]) ** 2, 0));
      nearest.set(one, far.indexOf(Math.min(...far)));
    }
    return nearest.get(one);
  };
  let pixels = "";
  for (let at = 0; at < data.length; at += 8192)
    pixels += String.fromCharCode(...Array.from(data.subarray(at, at + 8192), place));
  return {width: bitmap.width, height: bitmap.height, palette: palette.flat(), pixels: btoa(pixels)};
}"""


def small_png(page: Page, picture: bytes) -> bytes:
    """Return a PNG with at most 64 colours of the same picture; the page is an empty one, to reckon in."""
    data = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    found = page.evaluate(_COUNT, [data, COLOURS])
    width, height, pixels = found["width"], found["height"], base64.b64decode(found["pixels"])
    lines = b"".join(b"\0" + pixels[at * width : (at + 1) * width] for at in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", bytes(found["palette"])), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
