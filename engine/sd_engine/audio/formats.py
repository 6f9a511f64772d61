"""Which kinds of files are recordings: told by their first bytes, never by a demuxer's guess.

FFmpeg's own probing would take a playlist named `.wav` for HLS and open what it points to. Here the bytes choose one
of these rows, and FFmpeg is told the demuxer and the codecs; every other one stays closed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PCM = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"})
MP3 = frozenset({"mp3", "mp3float"})
OPUS = frozenset({"opus", "libopus"})
VORBIS = frozenset({"vorbis", "libvorbis"})
AAC = frozenset({"aac"})
FLAC = frozenset({"flac"})
ALAC = frozenset({"alac"})


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file, FFmpeg's demuxer for it, and the audio codecs that may be inside."""

    name: str
    demuxer: str
    codecs: frozenset[str]
    promises_duration: bool = False
    """Whether its header says how long it is (rather than FFmpeg's estimate): less than that means it was cut off."""
    promise_is_exact: bool = False
    """Whether that is the number of samples in the file: more than that is a lie."""
    tolerates_damage: bool = False
    """Whether it is a mere row of frames, in which foreign bytes (tags, a cut first frame) are usual."""
    options: dict[str, str] = field(default_factory=dict)

    def demuxer_options(self) -> dict[str, str]:
        return {"format_whitelist": self.demuxer, "codec_whitelist": ",".join(sorted(self.codecs)), **self.options}


WAV = Container("WAV", "wav", PCM)
FLAC_FILE = Container("FLAC", "flac", FLAC, promises_duration=True, promise_is_exact=True)
OGG = Container("OGG", "ogg", OPUS | VORBIS | FLAC)
WEBM = Container("WebM", "matroska", OPUS | VORBIS | AAC | MP3 | FLAC | PCM, promises_duration=True)
M4A = Container(
    "M4A",
    "mov",
    AAC | MP3 | ALAC | OPUS | FLAC,
    promises_duration=True,
    options={"enable_drefs": "0", "use_absolute_path": "0"},  # else a file may name other files to be read
)
MP3_FILE = Container("MP3", "mp3", MP3, tolerates_damage=True)
AAC_FILE = Container("AAC", "aac", AAC, tolerates_damage=True)

HEAD_BYTES = 12
_ID3_HEADER_BYTES = 10


def sniff(head: bytes) -> Container | None:
    """The kind of a file that begins with `head` (12 bytes suffice); None = not a recording."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head[4:8] == b"ftyp":
        return M4A
    by_magic = {b"fLaC": FLAC_FILE, b"OggS": OGG, b"\x1aE\xdf\xa3": WEBM}
    return by_magic.get(head[:4]) or _frame_kind(head)


def id3_size_bytes(head: bytes) -> int:
    """How many bytes an ID3v2 tag takes in front of the recording; 0 = there is none."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER_BYTES:
        return 0
    high, upper, lower, low = head[6:10]
    return _ID3_HEADER_BYTES + (high << 21 | upper << 14 | lower << 7 | low)


def _frame_kind(head: bytes) -> Container | None:
    """MPEG audio begins each frame with eleven set bits; then come two bits of version and two of layer."""
    if len(head) < HEAD_BYTES or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - the eleven bits
        return None
    return {0b00: AAC_FILE, 0b01: MP3_FILE}.get(head[1] >> 1 & 0b11)
