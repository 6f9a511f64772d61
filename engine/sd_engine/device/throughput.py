"""How fast the device is, as measured: seconds for a window of each kind."""

from __future__ import annotations

from sd_engine.device.device_job import Work
from sd_engine.device.inference import Kind

_WEIGHT_OF_NEWEST = 0.1


class Speed:
    """Moving averages over batches; the first measurement (a warm-up batch) stands until others come."""

    def __init__(self) -> None:
        self.window_s: dict[Kind, float] = {}

    def measured(self, kind: Kind, windows: int, duration_s: float) -> None:
        """A batch of so many windows took so long."""
        window_s = duration_s / windows
        before_s = self.window_s.get(kind, window_s)
        self.window_s[kind] = before_s + _WEIGHT_OF_NEWEST * (window_s - before_s)

    def remaining_s(self, work: Work) -> float:
        """The device's time that a recording still needs, at most."""
        to_segment, to_embed = work.left()
        return to_segment * self.window_s[Kind.SEGMENTATION] + to_embed * self.window_s[Kind.EMBEDDING]
