"""Data in motion: when that is meant, and the takes that come of it.

A table or a figure of the notebook becomes a chart, whose data is put into the store, so
that it can be drawn again without the variable. A change of such a clip changes the chart
and keeps the rest; no model takes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.caption import Caption
from nbagent.acts.chart import Show
from nbagent.acts.charted import Charted
from nbagent.acts.extend import Extend
from nbagent.acts.fps import Fps
from nbagent.acts.length import Length
from nbagent.acts.lettering import Lettering
from nbagent.acts.loop import Loop
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.refresh import Refresh
from nbagent.acts.resize import Resize
from nbagent.acts.shot import ratio, shaped
from nbagent.acts.speed import Speed
from nbagent.acts.theme import Theme
from nbagent.acts.title import Title
from nbagent.conversation import cameras, charted_data, measures
from nbagent.conversation import shot as shots
from nbagent.conversation.chart_says import says
from nbagent.conversation.charted_data import Data, Source
from nbagent.conversation.shot import Shot
from nbagent.conversation.single import Composed
from nbagent.errors import SpecError
from nbagent.ledger import Ledger
from nbagent.take import Take
from nbagent.take.chart import Chart, Step

_SIZE: Final = (720, 1280)
# Options that say how a model renders.
_OF_MODELS: Final = ("seed", "steps", "guidance", "strength", "fit", "frames")
_LEAST_S: Final = 0.1
_SHAPES: Final = (Aspect, Extend, Fps, Length, Quality, Resize, Speed)


def is_new(
    plan: Plan, options: Mapping[str, Any], values: Mapping[str, object]
) -> bool:
    """Return whether a plan is for data of the notebook that is to move, exactly.

    A camera over it, and a model that is named, have their way.
    """
    if plan.intent != "animate_image" or len(plan.targets) != 1:
        return False
    if plan.targets[0] not in values:
        return False
    value = values[plan.targets[0]]
    if any(isinstance(act, Charted) and act != Show() for act in plan.acts):
        return True
    if cameras.is_said(plan) or "model" in options:
        return False
    return charted_data.is_data(value)


def without(plan: Plan) -> Plan:
    """Return a plan for something that is no data, without what is said of data alone."""
    return replace(plan, acts=tuple(act for act in plan.acts if act != Show()))


def made(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    values: Mapping[str, object],
    ledger: Ledger,
) -> Composed:
    """Turn a plan for data that moves into its take.

    Raises:
        SpecError: If the data cannot be shown so.
    """
    (name,) = plan.targets
    shows = [act for act in plan.asked if isinstance(act, Show)]
    said = [own for act in shows for own in act.columns]
    source = charted_data.source_of(f"@{name}", values[name], said)
    source = charted_data.raced(source, shows, name)
    chart = replace(source.chart, called=name)
    own = _Asked(plan.asked, options)
    chart, shot = _changed(chart, own, source, Shot(core=""))
    chart, notes = charted_data.usual(chart, source)
    if not any(isinstance(act, Show) and act.seconds for act in plan.asked):
        chart = charted_data.paced(chart, source)
    notes += [f"{line[:1].upper()}{line[1:]}." for line in source.notes]
    notes += [
        f"Took {words!r:.40} for {column}: for another, say 'show {others[0]} instead'."
        for words, (column, *others) in plan.took.items()
    ]
    if plan.prompt:
        notes.append(f"Left out {plan.prompt!r:.80}: a chart shows only its data.")
    if others := charted_data.others(chart, source):
        shown = source.settled(chart).view.y
        notes.append(
            f"Shows {shown}, as you named no column: for another, say 'show"
            f" {others[0]} instead'."
        )
    return _composed(chart, shot, source, own, request, ledger, (), notes)


def changes(plan: Plan, parent: Take | None) -> bool:
    """Return whether a plan changes what a clip of a chart shows, not only its frames."""
    if plan.intent != "refine" or parent is None or parent.chart is None:
        return False
    if plan.frame is not None or plan.step is not None:
        return False
    return any(_is_ours(act, parent.chart) for act in plan.asked)


def changed(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    values: Mapping[str, object],
    parent: Take,
    ledger: Ledger,
) -> Composed:
    """Turn a plan that changes a chart into its take.

    Raises:
        SpecError: If the chart cannot be changed so, or would be the same.
    """
    assert parent.chart is not None
    _check(plan.asked, parent.chart)
    source = charted_data.stored(parent.chart, ledger)
    for act in plan.asked:
        if isinstance(act, Refresh):
            source = _fresh(act, source, values)
    own = _Asked(plan.asked, options)
    shot = shots.from_json(parent.shot)
    if parent.quality == "draft" and shot.quality is None:
        shot = replace(shot, quality="draft")
    chart, shot = _changed(source.chart, own, source, shot)
    made = _composed(chart, shot, source, own, request, ledger, (parent.id,), [])
    (take,) = made.takes
    kept = ("chart", "num_frames", "fps", "height", "width", "effects", "quality")
    if all(getattr(take, n) == getattr(parent, n) for n in kept):
        if take.shot == parent.shot:
            said = "; ".join(act.says() for act in plan.asked)
            raise SpecError(
                f"the chart already looks like that ({said}): say what should be"
                " different"
            )
    return made


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a chart: acts, and the options of the line."""

    acts: tuple[Act, ...]
    options: Mapping[str, Any]


def _is_ours(act: Act, chart: Chart) -> bool:
    """Return whether an act changes a chart, and not its finished frames."""
    if isinstance(act, Speed | Resize):
        return act.span is None and act.region is None
    if isinstance(act, Title | Caption):
        return _written(act, chart) is not None
    if isinstance(act, Recolor):
        return not chart.is_figure
    return isinstance(act, (Charted, *_SHAPES))


def _check(acts: Sequence[Act], chart: Chart) -> None:
    """Refuse what no chart shows.

    Raises:
        SpecError: If so.
    """
    for act in acts:
        is_cut = act.does == "frames" or isinstance(act, Loop)
        if not (_is_ours(act, chart) or is_cut):
            raise SpecError(
                f"{act.says()}: a chart shows only its data. Say what it should"
                " show, like 'only Europe', 'as a line' or 'dark'"
            )


def _fresh(act: Refresh, source: Source, values: Mapping[str, object]) -> Source:
    """Return the data as the notebook has it now.

    Raises:
        SpecError: If it is not there any more.
    """
    name = act.data or source.chart.called
    if name not in values:
        what = f"@{name}" if name else "the data"
        raise SpecError(
            f"{what} is no longer in this notebook: make it again, or name other"
            " data, like 'animate @df'"
        )
    said = [own for view in source.chart.views for own in view.columns.values()]
    fresh = charted_data.source_of(f"@{name}", values[name], said)
    if fresh.chart.is_figure != source.chart.is_figure:
        raise SpecError(
            f"@{name} is a different kind of thing now: animate it afresh, like"
            f" 'animate @{name}'"
        )
    if fresh.chart.is_figure:
        high, wide = _sides(fresh.chart)
        chart = replace(source.chart, called=name, height=high, width=wide)
        return replace(fresh, chart=chart)
    return replace(fresh, chart=replace(source.chart, called=name))


def _changed(
    chart: Chart, asked: _Asked, source: Source, shot: Shot
) -> tuple[Chart, Shot]:
    """Return a chart and a shot after what is asked of them, in order."""
    lengths = any(isinstance(act, Length) for act in asked.acts)
    lengths |= any(isinstance(act, Show) and act.seconds for act in asked.acts)
    for act in asked.acts:
        if isinstance(act, Speed) and lengths:
            continue  # "slower, thirty seconds" says one thing
        if isinstance(act, Recolor) and not chart.is_figure:
            act = _coloured(act, source, chart)
        if isinstance(act, Charted):
            # What says which columns are shown needs none to be found first.
            known = chart if isinstance(act, Show) else source.settled(chart)
            chart = act.named(source.names, known).on(chart)
        elif isinstance(act, Title | Caption) and (said := _written(act, chart)):
            chart = _with_words(chart, act, said)
        elif _is_ours(act, chart):
            chart, shot = _shaped(chart, act), _with_tier(shot, act)
        elif isinstance(act, Lettering) or act.does == "frames":
            shot = act.change(shot, chart.duration_s)
        elif isinstance(act, Loop):  # forth and back has no seam
            shot = Loop().change(shot, None)
    return _with_options(chart, asked.options), shot


def _coloured(act: Recolor, source: Source, chart: Chart) -> Theme:
    """Return the colour of a thing as that of a series, or else of all."""
    whole = Theme(colors=(act.color,))
    if not act.what:
        return whole
    try:
        own = replace(whole, of=(act.what,))
        return own.named(source.names, source.settled(chart))
    except SpecError:
        return whole


def _with_words(chart: Chart, act: Title | Caption, said: str) -> Chart:
    """Return a chart with a title, or with a caption at its foot."""
    if isinstance(act, Title):
        return replace(chart, title=said)
    return replace(chart, caption=said)


def _written(act: Title | Caption, chart: Chart) -> str | None:
    """Return the words that a chart has room for; None if they lie over it instead."""
    is_plain = act == type(act)(text=act.text) if act.text else False
    return act.text if is_plain and not chart.is_figure else None


def _with_tier(shot: Shot, act: Act) -> Shot:
    return act.change(shot, None) if isinstance(act, Quality) else shot


def _shaped(chart: Chart, act: Act) -> Chart:
    """Return a chart of another length, rate or shape."""
    if isinstance(act, Speed):
        return _paced(chart, 1 / act.rate)
    if isinstance(act, Length):
        stands = chart.start_hold_s + chart.end_hold_s
        moves = chart.duration_s - stands
        if act.duration_s - stands >= _LEAST_S:
            return _paced(chart, (act.duration_s - stands) / moves)
        share = act.duration_s / chart.duration_s
        holds = {n: getattr(chart, n) * share for n in ("start_hold_s", "end_hold_s")}
        return _paced(replace(chart, **holds), share)
    if isinstance(act, Extend):
        side = f"{act.side}_hold_s"
        return replace(chart, **{side: getattr(chart, side) + act.added_s})
    if isinstance(act, Fps):
        return replace(chart, fps=float(act.fps))
    if isinstance(act, Aspect):
        return _sized(chart, *shaped(*_SIZE, ratio(act.aspect), 2))
    if isinstance(act, Resize):
        if act.scale is not None:
            high, wide = (2 * round(side * act.scale / 2) for side in _sides(chart))
            return _sized(chart, high, wide)
        shape = chart.width / chart.height
        width = act.width or 2 * round((act.height or chart.height) * shape / 2)
        return _sized(chart, act.height or 2 * round(width / shape / 2), width)
    return chart


def _sides(chart: Chart) -> tuple[int, int]:
    return chart.height, chart.width


def _sized(chart: Chart, height: int, width: int) -> Chart:
    return replace(chart, height=height, width=width)


def _paced(chart: Chart, share: float) -> Chart:
    """Return a chart that moves in so many times its time; what stands, stands."""
    steps = [
        replace(one, seconds=one.seconds * share, pause_s=one.pause_s * share)
        for one in chart.steps
    ]
    seconds = chart.seconds * share
    if seconds < _LEAST_S or any(one.seconds < _LEAST_S / 2 for one in steps):
        raise SpecError(
            f"{seconds:g} s is too short to see anything: use {_LEAST_S:g} s or more"
        )
    return replace(chart, seconds=seconds, steps=tuple[Step, ...](steps))


def _with_options(chart: Chart, options: Mapping[str, Any]) -> Chart:
    if "size" in options:
        height, width = (int(side) for side in options["size"])
        chart = _sized(chart, height, width)
    return replace(chart, fps=float(options["fps"])) if "fps" in options else chart


def _composed(
    chart: Chart,
    shot: Shot,
    source: Source,
    asked: _Asked,
    request: str,
    ledger: Ledger,
    parents: tuple[str, ...],
    notes: list[str],
) -> Composed:
    """Return the take of a chart, once its data can be drawn so."""
    data: Data = source.kept(chart)
    chart = replace(data.chart, data=ledger.put_file(data.file, data.suffix))
    quality = measures.quality(asked.options, shot)
    size = chart.measures(is_draft=quality == "draft")
    shot = replace(shot, core="", duration_s=None, size=None, aspect=None)
    take = Take(
        operation="chart",
        model="",
        model_revision="",
        prompt=says(chart, source),
        request=request,
        shot=shots.to_json(shot),
        seed=0,
        num_frames=size.num_frames,
        height=size.height,
        width=size.width,
        fps=size.fps,
        num_inference_steps=1,
        guidance_scale=0.0,
        quality=quality,
        chart=chart,
        effects=shot.effects,
        parents=parents,
    )
    said = [f"{line[:1].upper()}{line[1:]}." for line in data.notes]
    if unused := [f"--{name}" for name in _OF_MODELS if name in asked.options]:
        notes.append(f"Ignored {', '.join(unused)}: a chart uses no model.")
    if not parents:
        notes += _unsaid(asked.acts)
    return Composed(takes=(take,), notes=(*notes, *said))


def _unsaid(acts: Sequence[Act]) -> list[str]:
    """Say which acts a new chart has no use for."""
    ours = (Charted, Lettering, Loop, *_SHAPES)
    left = [
        act.says()
        for act in acts
        if not (isinstance(act, ours) or act.does == "frames")
    ]
    return [f"Left out {', '.join(left)}: a chart shows only its data."] if left else []
