"""Where the seconds of a training go."""

import time
from collections.abc import Mapping


class Stopwatch:
    """Counts the seconds since it was made, in all and by part of the training."""

    def __init__(self) -> None:
        self._started = self._lap = time.perf_counter()
        self.parts: dict[str, float] = {}  # part of the training -> seconds

    def lap(self, part: str) -> None:
        """Count the time since the last call, or since the start, for a part."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + now - self._lap
        self._lap = now

    def carry(self, seconds: Mapping[str, float]) -> None:
        """Count the seconds of the parts that were done before the run was interrupted."""
        for part, spent in seconds.items():
            self.parts[part] = self.parts.get(part, 0.0) + spent
        self._started -= sum(seconds.values())

    def count_seconds(self) -> dict[str, float]:
        """Return the seconds so far: `total`, then each part, in the order they began."""
        total = time.perf_counter() - self._started
        return {name: round(spent, 2) for name, spent in {"total": total, **self.parts}.items()}
