"""A file's first bytes select its container format; everything else is rejected."""

from __future__ import annotations

import pytest
from sd_engine.audio.formats import FLAC_FILE, M4A_FILE, detect_format, id3_tag_bytes
from sd_harness.engine.recordings import FORMATS, encode, sweep, wav

NAMES = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG", "m4a": "M4A", "aac": "AAC", "webm": "WebM"} | {
    "mkv": "WebM"
}
"""First word of a name in FORMATS: the expected name of the detected format."""

FIRST_BYTES = {
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt ", "WAV"),
    "WAV beyond 4 GiB": (b"RF64\xff\xff\xff\xffWAVEds64", "WAV"),
    "MPEG-4": (b"\0\0\0\x18ftypM4A \0\0", "M4A"),
    "MP3, MPEG-1": (b"\xff\xfb\x90\x64" + bytes(8), "MP3"),
    "MP3, MPEG-2.5": (b"\xff\xe3\x18\xc4" + bytes(8), "MP3"),
    "AAC, MPEG-4 ADTS": (b"\xff\xf1\x50\x80" + bytes(8), "AAC"),
    "AAC, MPEG-2 ADTS": (b"\xff\xf9\x50\x80" + bytes(8), "AAC"),
    "MPEG audio layer II": (b"\xff\xfd\x90\x64" + bytes(8), None),
    "a sync word of ten bits": (b"\xff\xdb\x90\x64" + bytes(8), None),
    "MP3, shorter than twelve bytes": (b"\xff\xfb\x90\x64" + bytes(7), None),
    "an AVI video": (b"RIFF\x24\0\0\0AVI LIST", None),
    "an HLS playlist": (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize("name", FIRST_BYTES)
def test_first_bytes_select_the_format(name: str) -> None:
    first_bytes, expected = FIRST_BYTES[name]

    detected = detect_format(first_bytes)

    assert (detected.name if detected else None) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_every_encoded_format_is_detected(name: str) -> None:
    recording = encode(wav(sweep(3.0)), FORMATS[name])

    detected = detect_format(recording[id3_tag_bytes(recording) :][:64])

    assert detected is not None
    assert detected.name == NAMES[name.split(maxsplit=1)[0]]


@pytest.mark.parametrize(
    ("first_bytes", "size_bytes"),
    [
        (b"ID3\x03\0\0\0\0\x02\x01", 10 + 2 * 128 + 1),
        (b"ID3\x04\0\0\x01\x02\x03\x04", 10 + (1 << 21) + (2 << 14) + (3 << 7) + 4),
        (b"ID3\x03\0\0\0\0\x02", 0),
        (b"TAG\x03\0\0\0\0\x02\x01", 0),
        (b"", 0),
    ],
)
def test_the_size_of_an_id3_tag_is_read(first_bytes: bytes, size_bytes: int) -> None:
    assert id3_tag_bytes(first_bytes) == size_bytes


def test_ffmpeg_may_use_only_the_detected_demuxer_and_its_codecs() -> None:
    assert FLAC_FILE.open_options() == {"format_whitelist": "flac", "codec_whitelist": "flac"}


def test_an_m4a_file_cannot_refer_to_other_files() -> None:
    options = M4A_FILE.open_options()

    assert (options["enable_drefs"], options["use_absolute_path"]) == ("0", "0")
