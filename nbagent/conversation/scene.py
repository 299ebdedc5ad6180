"""What pocket draws of a shot: every factor of its little world, settled before the render.

What the words leave open is chosen here, by the seed or by what an actor does at home, and
written into the shot, so that it stays when something else is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nbagent.acts.add import Add
from nbagent.acts.base import Act, Region
from nbagent.acts.camera import Camera
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.recolor import Recolor
from nbagent.acts.remove import Remove
from nbagent.acts.replace import Replace
from nbagent.acts.restyle import Restyle
from nbagent.acts.time import Time
from nbagent.acts.weather import Weather
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.errors import SpecError, Unsettled
from nbagent.language.scenes import (
    SceneReading,
    names_shape,
    read_scene,
    read_value,
    stand_ins,
)
from nbagent.pocket import vocabulary
from nbagent.pocket.taught import ACROSS, with_a

_SHAPE_COLOUR: Final = "red"  # of a ball whose colour is not said
_BESIDE_COLOUR: Final = "white"  # of one that comes to it: "add a ball"
_GO_ON: Final = ("actor", "second", "corner", "place", "time")
_OF_ALL: Final = (Place, Time, Weather)  # what a clip that turns into another has once
_USUAL: Final = frozenset({"stay", "day"})  # goes without saying
_SHOWN: Final = frozenset({"actor", "place", "time", "motion"})  # a picture has one
# Where actors are if nothing is said of it; others stand in the usual meadow.
_HOMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("fish", "whale", "octopus", "boat"), "sea"),
    **dict.fromkeys(("airplane", "helicopter", "balloon", "rocket", "ufo"), "sky"),
    "crab": "beach",
    "penguin": "snow",
    "snowman": "snow",
}
# Who is shown at a place of which nobody is named.
_DWELLERS: Final[Mapping[str, str]] = {
    "sky": "bird",
    "sea": "boat",
    "beach": "crab",
    "meadow": "butterfly",
    "desert": "dinosaur",
    "snow": "penguin",
    "city": "car",
    "forest": "fox",
    "space": "rocket",
}


class UnknownActor(Unsettled):
    """A subject that pocket cannot draw; the nearest are drawn as they are said."""

    def __init__(self, words: str, nearest: Sequence[str], like: str = "") -> None:
        """Take actors as they are read; a shape takes the colour of what it is `like`."""
        nearest = [_painted(_coloured(one, like)) for one in nearest]
        first, (*few, last) = nearest[0], map(with_a, nearest)
        told = f"{', '.join(few)} and {last}" if few else last
        super().__init__(
            words,
            nearest,
            f"pocket can't draw {words}; the closest it can draw: {told}.",
            f"Say which, like {with_a(first)!r}, or begin the turn with --actor"
            f" {first.replace(' ', '-')}; --model names a larger model.",
        )


@dataclass(slots=True, kw_only=True)
class _Settling:
    """A scene while it is settled, and what of the words is not in it."""

    factors: dict[str, str]
    lost: list[str] = field(default_factory=list)
    near: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, reading: SceneReading, keys: Sequence[str]) -> bool:
        """Take factors over from a reading; return whether there were any."""
        found = {key: reading.factors[key] for key in keys if key in reading.factors}
        self.factors |= found
        self.near += reading.near
        return bool(found)


def settled(
    shot: Shot,
    before: Shot | None,
    acts: Sequence[Act],
    seed: int,
    *,
    earlier: Mapping[str, str] | None = None,
    moving: str = "",
    actor: str = "",
    is_whole: bool = True,
) -> tuple[Shot, list[str]]:
    """Return a shot with its scene, and what is to be said of it.

    Args:
        shot: After the acts.
        before: Of the clip that is refined, if one is.
        acts: What is asked of it.
        seed: Decides what is left open.
        earlier: The scene before it in a storyboard: what goes on if nobody is named.
        moving: What a still of pocket does, that has a scene already.
        actor: Who is drawn, whatever the words of a shot without a scene say.
        is_whole: Whether what nobody said is chosen too; nobody may know what a film
            shows.

    Raises:
        UnknownActor: If the subject is none that pocket draws.
        SpecError: If nothing of the words is in pocket's world.
    """
    drawn = [act for act in acts if type(act) in _CHANGES]
    if before is not None and not drawn:
        return replace(shot, scene=before.scene, open=before.open), []
    if before is not None and before.scene:
        now = _Settling(factors=dict(before.scene))
        for act in drawn:
            _CHANGES[type(act)](now, act)
        old = before.scene
        opened = tuple(n for n in before.open if old.get(n) == now.factors.get(n))
        if shot.into:
            end = _Settling(factors=dict(shot.into))
            for act in drawn:
                if isinstance(act, _OF_ALL):
                    _CHANGES[type(act)](end, act)
            shot = replace(shot, into=end.factors)
    elif shot.scene:
        now, opened = _Settling(factors=dict(shot.scene)), shot.open
        now.take(read_scene(moving), vocabulary.FACTORS)
    else:
        now, opened = _read(shot, earlier or {}, actor, is_whole=is_whole), ()
    if is_whole:
        opened = tuple(dict.fromkeys((*opened, *_complete(now, seed))))
    return replace(shot, scene=now.factors, open=opened), _notes(now)


def as_seen(shot: Shot, seen: Mapping[str, str]) -> Shot:
    """Return a shot in which what its words leave open is what came out."""
    came = {
        name: seen[name]
        for name in shot.open
        if name in seen and (name in shot.scene or seen[name] not in _USUAL)
    }
    return replace(shot, scene={**shot.scene, **came}) if came else shot


def varied(shot: Shot, seed: int) -> Shot:
    """Return a shot in which what the words leave open is chosen by another seed."""
    if not shot.open:
        return shot
    now = _Settling(factors={k: v for k, v in shot.scene.items() if k not in shot.open})
    if "motion" in shot.open and shot.scene.get("motion") in vocabulary.SIDES:
        now.factors["motion"] = ACROSS
    _complete(now, seed)
    return replace(shot, scene=now.factors)


def _read(
    shot: Shot, earlier: Mapping[str, str], actor: str, *, is_whole: bool
) -> _Settling:
    """Read the words of a shot that has no scene yet."""
    # Beside some verbs "fast" is not read as a pace; behind the rest it always is.
    paced = (*filter(None, [shot.pace]), *shot.extra)
    words = shots.in_words(replace(shot, pace="", extra=paced))
    words = f"{words[:1].lower()}{words[1:]}".rstrip(".")  # as it was typed, mostly
    reading = read_scene(words)
    factors, near = dict(reading.factors), list(reading.near)
    unknown = _as_typed(reading.unknown_actor, shot.core)
    if actor:
        near = [one for one in near if one[1] != factors.get("actor")]
        near += [(unknown, actor)] if unknown else []
        factors["actor"] = actor
    elif is_whole and reading.unknown_actor and reading.nearest:
        raise UnknownActor(unknown, reading.nearest)
    notes = []
    if not factors.get("actor") and earlier.get("actor"):  # "it rises"
        factors = {k: earlier[k] for k in _GO_ON if k in earlier} | factors
        notes = [f"No subject named, so the {earlier['actor']} goes on."]
    if is_whole and not factors.keys() & _SHOWN:
        raise SpecError(
            f"pocket can't draw {words[:80]!r}: use things from its small world (a"
            " red ball, a cat, the beach, night), or name a larger model with"
            " --model"
        )
    lost = [*reading.lost, *([shot.style] if shot.style else [])]
    return _Settling(factors=factors, lost=lost, near=near, notes=notes)


def _complete(now: _Settling, seed: int) -> list[str]:
    """Choose what is left open, in place; return what that was."""
    scene, opened = now.factors, []
    for name in ("actor", "second"):
        if name in scene:
            scene[name] = _painted(scene[name])
    if not scene.get("actor"):
        scene["actor"] = _DWELLERS.get(scene.get("place", ""), "red ball")
        now.notes.append(f"No subject named, so pocket shows {with_a(scene['actor'])}.")
    if not scene.get("place"):
        scene["place"] = _HOMES.get(scene["actor"], vocabulary.DEFAULT_PLACE)
    if scene.get("motion") == ACROSS:
        scene["motion"] = vocabulary.SIDES[seed % 2]
        opened.append("motion")
    return [*opened, *(name for name in ("motion", "time") if name not in scene)]


def _notes(now: _Settling) -> list[str]:
    notes = list(now.notes)
    if now.near:
        pairs = ", ".join(f"{drawn} for {said}" for said, drawn in now.near[:6])
        notes.append(f"pocket draws the closest thing it knows: {pairs}.")
    if lost := list(dict.fromkeys(now.lost)):
        notes.append(f"pocket can't show {', '.join(lost[:6])}.")
    return notes


def _replace(now: _Settling, act: Replace) -> None:
    reading = read_scene(act.by)
    new = reading.factors.get("actor")
    if not new and now.take(reading, ("place", "time", "motion", "pace")):
        return  # "a meadow instead of the beach"
    new = new or read_value(act.by, "actor")
    if new is None or reading.unknown_actor:
        nearest = reading.nearest or stand_ins(act.by)
        raise UnknownActor(act.by, nearest, now.factors.get("actor", ""))
    who, second = _who(now, act.what), reading.factors.get("second")
    drawn = _coloured(new, now.factors.get("actor", ""))
    if who == "actor" and second:  # "two cats instead"
        now.factors["second"] = drawn if second == new else second
    now.factors[who] = drawn
    now.near += reading.near
    now.take(reading, ("place", "time", "motion", "pace"))


def _recolor(now: _Settling, act: Recolor) -> None:
    colour, who = read_value(act.color, "colour"), _who(now, act.what)
    _, noun = vocabulary.colour_and_noun(now.factors.get(who, ""))
    if act.what and _noun(act.what) != noun:
        # Of what is behind, if it can be plain in that colour.
        ground = read_scene(f"{act.color} {act.what}").factors.get("place", "")
        if ground in vocabulary.PLAIN:
            now.factors["place"] = ground
        else:
            now.lost.append(f"{act.color} {act.what}")
    elif noun not in vocabulary.SHAPES:
        now.notes.append(
            f"pocket's {noun} keeps its own colour: only its"
            f" {', '.join(vocabulary.SHAPES)} can be painted."
        )
    elif colour is None:
        now.lost.append(act.color)
    else:
        now.factors[who] = f"{colour} {noun}"


def _add(now: _Settling, act: Add) -> None:
    reading = read_scene(f"{act.what} {act.where}".rstrip())
    new = reading.factors.get("actor", "")
    is_shape = vocabulary.colour_and_noun(new)[1] in vocabulary.SHAPES
    if is_shape and not names_shape(act.what):
        if (time := read_value(act.what, "time")) is None:
            raise UnknownActor(act.what, stand_ins(act.what))
        now.factors["time"] = time  # a moon is in the sky of each night
        now.near.append((act.what, time))
        return
    if new:
        new = f"{_BESIDE_COLOUR} {new}" if new in vocabulary.SHAPES else new
        old = now.factors.get("second")
        if new in (old, now.factors.get("actor")):
            now.notes.append(f"There already is {with_a(new)}.")
            return
        if old:
            now.notes.append(
                f"pocket shows one companion: {with_a(new)} replaces {with_a(old)}."
            )
        now.factors["second"] = new
        now.factors.pop("corner", None)
        now.near += reading.near
        if "second" in reading.factors:  # "add two stars"
            now.near.append((act.what, new))
    elif reading.unknown_actor and reading.nearest:
        raise UnknownActor(act.what, reading.nearest)
    else:
        now.lost += reading.lost or (act.what,)
    corner = reading.factors.get("corner")
    corner = _corner(act.region) if isinstance(act.region, tuple) else corner
    if new and corner:
        now.factors["corner"] = corner


def _remove(now: _Settling, act: Remove) -> None:
    noun, scene = _noun(act.what), now.factors
    second = vocabulary.colour_and_noun(scene.get("second", ""))[1]
    if noun and noun == second:
        scene.pop("second")
        scene.pop("corner", None)
    elif noun and noun == vocabulary.colour_and_noun(scene.get("actor", ""))[1]:
        if not second:
            raise SpecError(
                f"pocket always shows a subject, and here that is {act.what}: say"
                " what replaces it, like 'a cat instead'"
            )
        scene["actor"] = scene.pop("second")
        scene.pop("corner", None)
    elif noun:
        now.notes.append(f"There is no {noun} in it.")
    else:
        now.lost.append(f"without {act.what}")


def _said_of(attribute: str, *keys: str) -> Callable[[_Settling, Any], None]:
    """Return what takes factors over from an argument's words."""

    def change(now: _Settling, act: Any) -> None:
        said: str = getattr(act, attribute)
        if now.take(read_scene(said), keys):
            return
        if keys and (value := read_value(said, keys[0])):  # type: ignore[arg-type]
            now.factors[keys[0]] = value
        else:
            now.lost.append(said)

    return change


def _motion(now: _Settling, act: Motion) -> None:
    now.factors.pop("pace", None)
    _said_of("motion", "motion", "pace")(now, act)
    if act.then:
        now.notes.append(
            "pocket shows one motion per clip, so this one runs from the start."
        )


def _time(now: _Settling, act: Time) -> None:
    _said_of("time", "time")(now, act)
    place = now.factors.get("place", vocabulary.DEFAULT_PLACE)
    if not vocabulary.has_time(place):
        now.notes.append(f"There is no time of day in this place ({place}).")


_CHANGES: Final[Mapping[type[Act], Callable[[_Settling, Any], None]]] = {
    Add: _add,
    Camera: _said_of("camera", "camera", "motion", "pace"),
    Motion: _motion,
    Place: _said_of("place", "place", "time"),
    Recolor: _recolor,
    Remove: _remove,
    Replace: _replace,
    Restyle: _said_of("style"),
    Time: _time,
    Weather: _said_of("weather", "place", "time"),
}


def _who(now: _Settling, what: str) -> str:
    """Return which actor words mean: the companion, if they name it, else the first."""
    second = vocabulary.colour_and_noun(now.factors.get("second", ""))[1]
    return "second" if what and second and _noun(what) == second else "actor"


def _noun(words: str) -> str:
    return vocabulary.colour_and_noun(read_value(words, "actor") or "")[1]


def _coloured(new: str, old: str) -> str:
    """Give a new shape the colour of the old one, if it has none of its own."""
    colour, _ = vocabulary.colour_and_noun(old)
    return f"{colour} {new}" if colour and new in vocabulary.SHAPES else new


def _as_typed(said: str, text: str) -> str:
    """Return words as they stand in a text, and not as its sentence begins with them."""
    at = text.casefold().find(said.casefold())
    return said if at < 0 else text[at : at + len(said)]


def _painted(actor: str) -> str:
    """Give a shape a colour if it has none."""
    return f"{_SHAPE_COLOUR} {actor}" if actor in vocabulary.SHAPES else actor


def _corner(region: Region) -> str:
    left, top, right, bottom = region
    side = "left" if left + right < 1 else "right"
    return f"{'top' if top + bottom < 1 else 'bottom'} {side}"
