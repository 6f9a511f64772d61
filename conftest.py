"""What holds for every test: pyannote.audio tells nobody what it is used for, as in the image; no draw has a deadline.

Hypothesis would otherwise measure each example by the clock, which on a busy machine says nothing of the code.
"""

import os

from hypothesis import settings

os.environ |= {"PYANNOTE_METRICS_ENABLED": "0", "OTEL_SDK_DISABLED": "true"}

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
