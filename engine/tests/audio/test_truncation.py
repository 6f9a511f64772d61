"""Truncated files are rejected; files whose writer could not know their size are accepted."""

from __future__ import annotations

import io

import pytest
from audio_calls import decoded
from sd_engine.audio.formats import FLAC_FILE, OGG_FILE, WAV_FILE, WEBM_FILE, ContainerFormat
from sd_engine.audio.truncation import check_not_truncated, has_unknown_size
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import encode, encode_to_pipe, sweep, wav

WAV = wav(sweep(3.0))
FORMATS_WITH_SIZE = [(WAV_FILE, "-f wav"), (OGG_FILE, "-f ogg -c:a libopus"), (WEBM_FILE, "-f webm -c:a libopus")]


@pytest.mark.parametrize(
    "arguments",
    [
        "-f wav",
        "-f wav -c:a pcm_f32le",
        "-f flac",
        "-f ogg -c:a libopus",
        "-f ogg -c:a libvorbis",
        "-f ipod -c:a aac",
        "-f ipod -c:a aac -movflags +faststart",
        "-f webm -c:a libopus",
        "-f matroska -c:a flac",
    ],
)
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_truncated_file_is_rejected(arguments: str, share: float) -> None:
    whole = encode(WAV, arguments)

    with pytest.raises(InvalidArgumentError, match="truncated"):
        decoded(whole[: int(share * len(whole))])


@pytest.mark.parametrize(("container_format", "arguments"), FORMATS_WITH_SIZE)
def test_the_missing_bytes_are_counted_without_decoding(container_format: ContainerFormat, arguments: str) -> None:
    file = io.BytesIO(encode(WAV, arguments)[:-100])

    with pytest.raises(InvalidArgumentError) as rejected:
        check_not_truncated(file, container_format)

    assert str(rejected.value) == "The recording is truncated (100 bytes are missing); send the whole file."
    assert file.tell() == 0


@pytest.mark.parametrize(("container_format", "arguments"), FORMATS_WITH_SIZE)
def test_a_whole_file_and_a_piped_one_are_accepted(container_format: ContainerFormat, arguments: str) -> None:
    for recording in (encode(WAV, arguments), encode_to_pipe(WAV, arguments)):
        file = io.BytesIO(recording)
        check_not_truncated(file, container_format)
        assert file.tell() == 0


@pytest.mark.parametrize(
    ("container_format", "arguments", "piped", "expected"),
    [
        (WEBM_FILE, "-f webm -c:a libopus", True, True),
        (WEBM_FILE, "-f webm -c:a libopus", False, False),
        (FLAC_FILE, "-f flac", True, False),
    ],
)
def test_only_a_webm_file_can_have_an_unknown_size(
    container_format: ContainerFormat, arguments: str, *, piped: bool, expected: bool
) -> None:
    file = io.BytesIO((encode_to_pipe if piped else encode)(WAV, arguments))

    assert has_unknown_size(file, container_format) is expected
    assert file.tell() == 0
