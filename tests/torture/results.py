"""What a part of the torture run found, as lines of a table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Result:
    """One line: what was done, how often, how long it took, and what went wrong."""

    part: str
    done: str
    seconds: float = 0.0
    found: str = ""
    failures: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        verdict = "held" if not self.failures else f"**{len(self.failures)} failures**"
        return f"| {self.part} | {self.done} | {self.seconds:,.0f} s | {self.found} | {verdict} |"
