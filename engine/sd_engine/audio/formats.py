"""Allow-list of container formats and codecs. A file's first bytes select the format; FFmpeg never guesses it.

FFmpeg's own detection would treat a playlist named `.wav` as HLS and open the files that it refers to. The engine
passes FFmpeg the demuxer and the codecs of the detected format, and FFmpeg rejects all others.

To add a format, add a `ContainerFormat`, detect it in `detect_format` and name it in `SUPPORTED_FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SUPPORTED_FORMATS = "WAV, FLAC, MP3, OGG/Opus, M4A/AAC or WebM"
"""The formats as error messages list them."""

PCM = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"})
MP3 = frozenset({"mp3", "mp3float"})
OPUS = frozenset({"opus", "libopus"})
VORBIS = frozenset({"vorbis", "libvorbis"})
AAC = frozenset({"aac"})
FLAC = frozenset({"flac"})
ALAC = frozenset({"alac"})


@dataclass(frozen=True, slots=True)
class ContainerFormat:
    """A container format, FFmpeg's demuxer for it, and the audio codecs that are allowed inside."""

    name: str
    demuxer: str
    codecs: frozenset[str]
    declares_duration: bool = False
    """The header holds the duration, as opposed to FFmpeg's estimate. A file that is shorter was truncated."""
    declared_duration_is_exact: bool = False
    """The declared duration is the exact number of samples. A file that is longer is invalid."""
    skips_invalid_packets: bool = False
    """The file is a plain sequence of frames, among which other bytes (tags, a partial first frame) are common."""
    demuxer_options: dict[str, str] = field(default_factory=dict)

    def open_options(self) -> dict[str, str]:
        """Return the options for FFmpeg that restrict it to this demuxer and these codecs."""
        return {
            "format_whitelist": self.demuxer,
            "codec_whitelist": ",".join(sorted(self.codecs)),
            **self.demuxer_options,
        }


WAV_FILE = ContainerFormat("WAV", "wav", PCM)
FLAC_FILE = ContainerFormat("FLAC", "flac", FLAC, declares_duration=True, declared_duration_is_exact=True)
OGG_FILE = ContainerFormat("OGG", "ogg", OPUS | VORBIS | FLAC)
WEBM_FILE = ContainerFormat("WebM", "matroska", OPUS | VORBIS | AAC | MP3 | FLAC | PCM, declares_duration=True)
M4A_FILE = ContainerFormat(
    "M4A",
    "mov",
    AAC | MP3 | ALAC | OPUS | FLAC,
    declares_duration=True,
    demuxer_options={"enable_drefs": "0", "use_absolute_path": "0"},  # otherwise a file can refer to other files
)
MP3_FILE = ContainerFormat("MP3", "mp3", MP3, skips_invalid_packets=True)
AAC_FILE = ContainerFormat("AAC", "aac", AAC, skips_invalid_packets=True)

MAGIC_BYTES = 12
"""Number of leading bytes that suffice for `detect_format`."""
_ID3_HEADER_BYTES = 10
_SYNC_WORD = 0b111_1111_1111


def detect_format(first_bytes: bytes) -> ContainerFormat | None:
    """Return the format of a file that begins with `first_bytes`; None = not a supported recording."""
    if first_bytes[:4] in (b"RIFF", b"RF64") and first_bytes[8:12] == b"WAVE":
        return WAV_FILE
    if first_bytes[4:8] == b"ftyp":
        return M4A_FILE
    by_magic = {b"fLaC": FLAC_FILE, b"OggS": OGG_FILE, b"\x1aE\xdf\xa3": WEBM_FILE}
    return by_magic.get(first_bytes[:4]) or _detect_frame_sync(first_bytes)


def id3_tag_bytes(first_bytes: bytes) -> int:
    """Return the size of the ID3v2 tag in front of the recording; 0 = there is none."""
    if first_bytes[:3] != b"ID3" or len(first_bytes) < _ID3_HEADER_BYTES:
        return 0
    highest, high, low, lowest = first_bytes[6:10]
    return _ID3_HEADER_BYTES + (highest << 21 | high << 14 | low << 7 | lowest)


def _detect_frame_sync(first_bytes: bytes) -> ContainerFormat | None:
    """Read the header of an MPEG audio frame: a sync word of eleven set bits, two bits of version, two of layer."""
    has_sync_word = int.from_bytes(first_bytes[:2]) >> 5 == _SYNC_WORD
    if len(first_bytes) < MAGIC_BYTES or not has_sync_word:
        return None
    return {0b00: AAC_FILE, 0b01: MP3_FILE}.get(first_bytes[1] >> 1 & 0b11)
