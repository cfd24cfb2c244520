"""Tiny assets of every media type, and the server that they are fetched from.

The bytes are made here, so that nothing is downloaded and every size that an export reports is known: the picture is
64 by 48 pixels, the video has 30 frames at 10 a second, the document has one page.
"""

import base64
import json
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDTH, HEIGHT = 64, 48
FRAMES, FRAMES_A_SECOND = 30, 10
TEXT = "The tug Mara left pier 4 at dawn."
PAGE_WIDTH, PAGE_HEIGHT = 600.0, 800.0


def png(width: int = WIDTH, height: int = HEIGHT, inked: bool = True) -> bytes:
    """A grey picture whose upper left quarter is white where `inked`."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    white = width // 2 if inked else 0
    inked_line = b"\0" + b"\xff" * white + b"\0" * (width - white)
    plain_line = b"\0" * (width + 1)
    lines = inked_line * (height // 2) + plain_line * (height - height // 2)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def mp4() -> bytes:
    """The headers of a video; there is nothing in it to play."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I", len(body) + 8) + kind + body

    def longs(*numbers: int) -> bytes:
        return struct.pack(f">{len(numbers)}I", *numbers)

    scale = 1000
    duration = FRAMES * scale // FRAMES_A_SECOND
    matrix = longs(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    movie_header = box(b"mvhd", longs(0, 0, 0, scale, duration))
    track_header = box(b"tkhd", longs(0, 0, 0, 1, 0, duration, 0, 0, 0, 0), matrix, longs(WIDTH << 16, HEIGHT << 16))
    times = box(b"stts", longs(0, 1, FRAMES, scale // FRAMES_A_SECOND))
    table = box(b"stbl", box(b"stsd", longs(0, 0)), times)
    media = box(
        b"mdia",
        box(b"mdhd", longs(0, 0, 0, scale, duration)),
        box(b"hdlr", longs(0, 0), b"vide"),
        box(b"minf", table),
    )
    movie = box(b"moov", movie_header, box(b"trak", track_header, media))
    return box(b"ftyp", b"isom", longs(0)) + movie


def wav() -> bytes:
    """Two seconds of silence."""
    sound = bytes(16_000)
    format_chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data_chunk = struct.pack("<4sI", b"data", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", 4 + len(format_chunk) + len(data_chunk)) + b"WAVE" + format_chunk + data_chunk


def pdf() -> bytes:
    """One page with one line of text."""
    content = b"BT /F 12 Tf 72 720 Td (Tug Mara) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}]>>".encode(),
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def text_layer() -> bytes:
    """The words of the page of :func:`pdf`, with the ids that entities refer to."""

    def place(left: int, width: int) -> dict:
        return {"left": left, "top": 70, "width": width, "height": 12}

    words = [
        {"id": "word-tug", "content": "Tug", "geometry": place(72, 20)},
        {"id": "word-mara", "content": "Mara", "geometry": place(98, 28)},
    ]
    group = {"id": "group-1", "content": "Tug Mara", "geometry": place(72, 54), "tokens": words}
    page = {"number": 1, "units": "POINTS", "width": PAGE_WIDTH, "height": PAGE_HEIGHT, "groups": [group]}
    return json.dumps([page]).encode()


def dicom() -> bytes:
    """A series of three slices."""

    def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
        return struct.pack("<HH2sH", group, number, kind, len(value)) + value

    return (
        bytes(128)
        + b"DICM"
        + element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0")
        + element(8, 0x60, b"CS", b"CT")
        + element(0x28, 8, b"IS", b"3 ")
        + element(0x28, 0x10, b"US", struct.pack("<H", HEIGHT))
        + element(0x28, 0x11, b"US", struct.pack("<H", WIDTH))
    )


def inline_png() -> str:
    """A mask as import lines hold it."""
    return base64.b64encode(png()).decode()


FILES = {
    "/boat.png": ("image/png", png()),
    "/call.wav": ("audio/wav", wav()),
    "/clip.mp4": ("video/mp4", mp4()),
    "/layer.json": ("application/json", text_layer()),
    "/log.txt": ("text/plain", TEXT.encode()),
    "/mask.png": ("image/png", png()),
    "/page.html": ("text/html", b"<!DOCTYPE html><p>Berth 4 is free.</p>"),
    "/report.pdf": ("application/pdf", pdf()),
    "/scan.dcm": ("application/dicom", dicom()),
    "/wrong.json": ("application/json", b'{"not": "a picture"}'),
}


class AssetServer:
    """Serves :data:`FILES`, and whatever a test adds with :meth:`add`, on a free port of this machine."""

    def __init__(self) -> None:
        files: dict[str, tuple[str, bytes | None]] = dict(FILES)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(with_body=True)

            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def answer(self, with_body: bool) -> None:
                kind, body = files.get(self.path.partition("?")[0], (None, b""))
                if with_body and body is None:
                    kind = None
                body = body or b""
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if with_body:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing: pytest prints what matters."""

        self._files = files
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def add(self, path: str, kind: str, body: bytes | None) -> str:
        """Serves one more file and returns its URL. One without a body answers HEAD, and is gone when it is fetched."""
        self._files[path] = (kind, body)
        return self.url + path

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
