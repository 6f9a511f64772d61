"""Audio: the bytes of a recording to 16 kHz mono samples."""
