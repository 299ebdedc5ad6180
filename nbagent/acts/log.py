"""Whether a chart's values are on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Charted):
    """Put the values on a logarithmic axis, or back on a linear one."""

    kind: ClassVar[str] = "log"
    summary: ClassVar[str] = "Whether a chart's axis is logarithmic or linear."
    examples: ClassVar[tuple[str, ...]] = ("on a log scale", "back to linear")

    on_log: Annotated[bool, Arg("whether it is logarithmic", name="log")] = True
    axis: Annotated[Literal["x", "y"], Arg("which; x is of points alone")] = "y"

    @classmethod
    def of_call(
        cls,
        log: bool = True,  # noqa: FBT001, FBT002  as one says it
        *,
        axis: Literal["x", "y"] = "y",
        then: bool | None = None,
        takes_s: float | None = None,
    ) -> Log:
        """Put the values on a logarithmic axis: `clip.log()`.

        Args:
            log: Whether it is logarithmic, and not linear.
            axis: Which; x is of points alone.
            then: Whether it happens after what is shown, and not from the start.
            takes_s: Seconds in which it happens.
        """
        return cls(on_log=log, axis=axis, then=then, takes_s=takes_s)

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the scale."""
        return {"log" if self.axis == "y" else "log_x": self.on_log}

    def says(self) -> str:
        """Say which."""
        return f"{'logarithmic' if self.on_log else 'linear'} {self.axis}"
