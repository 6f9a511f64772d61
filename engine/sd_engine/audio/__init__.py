"""Audio: from the bytes of a recording to 16 kHz mono samples.

| module         | content                                                                        |
|----------------|--------------------------------------------------------------------------------|
| `formats`      | allow-list of container formats and codecs, detected by a file's first bytes    |
| `truncation`   | detection of files that end before their container format says they end         |
| `probe`        | open a file and check its format, codec, sample rate, channels and duration     |
| `duration`     | measure the duration from the packets, without decoding                         |
| `decode`       | demux, decode, downmix and resample in one pass                                 |
| `downmix`      | decoded frames to one channel of float32 samples                                |
| `resample`     | mono samples of any sample rate to 16 kHz                                       |
| `decoder_pool` | the worker processes in which all of this runs                                  |
"""
