"""What holds for every test: pyannote.audio tells nobody what it is used for, as in the image."""

import os

os.environ |= {"PYANNOTE_METRICS_ENABLED": "0", "OTEL_SDK_DISABLED": "true"}
