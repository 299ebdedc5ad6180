"""`make pictures`: every picture of the docs anew, by the model that ships.

    python -m tests.sheets                          all of them, into docs/
    python -m tests.sheets verbs chain --out /tmp   these alone, elsewhere

Contact sheets are made in this process, as a worker makes clips; the README's film and the
player's pictures come from a real JupyterLab (`tests/browser/film.py`), which needs Chromium.
Each file has at most 400 kB and 1600 pixels across (`nbagent.pocket.sheet`), but the film.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from nbagent.acts.plan import Plan
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.measure import chain_bench, motion_eval
from nbagent.measure.actors_eval import asked, scenes
from nbagent.measure.evaluate import Trial
from nbagent.measure.workbench import Workbench
from nbagent.media import read_video
from nbagent.media.frames import Frames
from nbagent.pocket import vocabulary as words
from nbagent.pocket.sheet import contact_sheet, moving_sheet, save
from nbagent.pocket.verify import held_out_cases
from nbagent.take import Take

DOCS: Final = Path(__file__).parent.parent / "docs"

VERBS: Final = (
    "a dog runs on the beach",
    "a bird flies over the city",
    "a car drives through the desert",
    "a boat sails on the sea at sunset",
    "a whale dives in the sea",
    "a red ball rolls over the meadow",
    "a rabbit hops in the snow",
    "a balloon drifts up into the sky",
    "a ufo orbits in space",
    "a horse gallops through the forest",
)
_CHAINS: Final = 3
_SHOWN_EDITS: Final = (0, 3, 6, 9, 12)
_SIDE: Final = 256  # pixels, of a clip on a sheet that moves
_ACTOR_SIDE: Final = 160
_ACTOR_COLUMNS: Final = 9
_MOMENTS: Final = 5
# Of a landscape: the sky above and below, mountains far and near.
_DAY: Final = ((60, 110, 190), (200, 205, 210), (130, 150, 170), (24, 66, 40))
_DUSK: Final = ((70, 40, 90), (220, 110, 80), (110, 70, 100), (30, 24, 40))
_STRIP: Final = (170, 260)  # height and width of a moment of a picture in motion


def main(argv: list[str] | None = None) -> int:
    """Make the pictures; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.sheets", description=__doc__)
    every = [*SHEETS, "film"]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    parser.add_argument("--out", type=Path, default=DOCS, help="a folder (docs)")
    options = parser.parse_args(argv)
    names = options.names or every
    if unknown := [name for name in names if name not in every]:
        parser.error(f"there is no sheet {unknown[0]!r}: use {', '.join(every)}")
    for folder in {(options.out / path).parent for path, _ in SHEETS.values()}:
        folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name == "film":
            from tests.browser import film

            if film.main(options.out):
                return 1
            continue
        place, draw = SHEETS[name]
        with tempfile.TemporaryDirectory() as folder:
            draw(Workbench(Path(folder)), options.out / place)
        sys.stdout.write(f"{options.out / place}\n")
    return 0


def verbs(bench: Workbench, path: Path) -> None:
    """Ten plain prompts with a verb, all moving."""
    clips = [motion_eval.made(bench, prompt)[0] for prompt in VERBS]
    save(moving_sheet(clips, VERBS, columns=5, width=_SIDE), path)


def chain(bench: Workbench, path: Path) -> None:
    """Clips that were changed twelve times: the first, and after 3, 6, 9 and 12."""
    clips, captions = list[Frames](), list[str]()
    for number in range(_CHAINS):
        made = list(chain_bench.refinements(bench, number))
        for before, at in zip((0, *_SHOWN_EDITS), _SHOWN_EDITS, strict=False):
            said = [one.said for one in made[before + 1 : at + 1]]
            clips.append(made[at].frames)
            captions.append(f"{at}: {', '.join(said)}" if at else made[0].said)
    captions = [_in_two_lines(caption) for caption in captions]
    columns = len(_SHOWN_EDITS)
    save(moving_sheet(clips, captions, columns=columns, width=_SIDE), path)


def actors(bench: Workbench, path: Path) -> None:
    """All actors, each at a place where training never showed it, halfway of a motion."""
    stills, captions = [], []
    for actor in words.ACTORS:
        scene = replace(scenes(actor, 1)[0], motion="right", pace="normal")
        frames = bench.shown(asked(bench, scene))[1]
        stills.append(frames[len(frames) // 2 :][:1])
        captions.append(f"{actor}, {scene.place}")
    (sheet,) = moving_sheet(stills, captions, columns=_ACTOR_COLUMNS, width=_ACTOR_SIDE)
    save(sheet, path)


def unseen(bench: Workbench, path: Path) -> None:
    """24 prompts whose combination was held out of training, as they are written."""
    trial = Trial(bench, seed=0)
    save(trial.sheet(held_out_cases(24)), path)


def motion(bench: Workbench, path: Path) -> None:
    """Six pictures that a camera moves over, each at five moments."""
    day, dusk = landscape(), landscape(is_dusk=True)
    still = bench.composed(Plan(intent="generate_image", prompt="a red ball, beach"))
    bench.run(bench.job(still.takes[0]))
    turns: tuple[tuple[str, str, Mapping[str, Any], Take | None], ...] = (
        ("a photo", "pan to the right", {"photo": day}, None),
        ("a plot", "push in on the top right corner", {"plot": plot()}, None),
        ("a logo with an alpha channel", "parallax", {"logo": logo()}, None),
        ("a portrait", "pull out", {"portrait": portrait()}, None),
        ("a still of pocket", "push in", {}, still.takes[0]),
        ("two pictures", "", {"photo": day, "other": dusk}, None),
    )
    clips, captions = [], []
    for name, move, values, target in turns:
        clips.append(_framed(_moved(bench, move, values, target)))
        captions.append(f"{name}: {move or 'one dissolves into the other'}")
    sheet = contact_sheet(clips, captions, columns=1, num_frames=_MOMENTS)
    save(sheet, path)


SHEETS: Final[Mapping[str, tuple[str, Callable[[Workbench, Path], None]]]] = {
    "verbs": ("img/verbs.webp", verbs),
    "chain": ("img/chain-of-twelve.webp", chain),
    "motion": ("img/pictures-in-motion.webp", motion),
    "actors": ("img/actors.webp", actors),
    "unseen": ("pocket/unseen-24.webp", unseen),
}


def landscape(*, is_dusk: bool = False, height: int = 400, width: int = 640) -> Any:
    """Paint ranges of mountains behind each other, under a sun: what a photo stands for."""
    rng = np.random.default_rng(4)
    high, low, far, near = map(np.array, _DUSK if is_dusk else _DAY)
    share = np.linspace(0, 1, height)[:, None, None]
    sky = high * (1 - share) + low * share
    y, x = np.mgrid[:height, :width]
    glow = np.exp(-np.hypot(y - 0.25 * height, x - 0.7 * width) / (0.06 * width))
    picture = np.clip(sky + 150 * glow[..., None], 0, 255)
    for layer in range(5):
        depth = layer / 4
        line = np.full(width, height * (0.45 + 0.11 * layer))
        for octave in range(1, 7):
            turns, phase = rng.uniform(0.6, 1.4) * 1.8**octave, rng.uniform(0, 6.28)
            wave = np.sin(turns * np.linspace(0, 3.14, width) + phase)
            line = line + height * 0.09 / 1.6**octave * wave
        colour = far * (1 - depth) + near * depth
        mist = np.clip((y - line) / (0.4 * height), 0, 1)[..., None] * 25
        picture = np.where((y > line)[..., None], colour + mist, picture)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def plot() -> Figure:
    """Draw three lines over fifteen years."""
    rng, years = np.random.default_rng(2), np.arange(2010, 2026)
    figure = Figure(figsize=(6.4, 4))
    axes = figure.subplots()
    for name, growth in (("north", 3), ("south", 9), ("west", 18)):
        values = 100 + np.cumsum(rng.normal(growth, 6, len(years)))
        axes.plot(years, values, marker="o", label=name)
    axes.set_title("Sales by region")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def logo() -> Image.Image:
    """Draw a button on nothing."""
    picture = Image.new("RGBA", (520, 400))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((140, 80, 380, 320), fill=(232, 82, 42, 255))
    draw.polygon([(220, 140), (220, 260), (330, 200)], fill="white")
    return picture


def portrait() -> Image.Image:
    """Return Grace Hopper, as matplotlib ships her (a work of the US Navy)."""
    folder = Path(matplotlib.get_data_path()) / "sample_data"
    with Image.open(folder / "grace_hopper.jpg") as picture:
        return picture.convert("RGB")


def _moved(
    bench: Workbench, move: str, values: Mapping[str, Any], target: Take | None
) -> Frames:
    """Set pictures in motion, as a turn does that says so."""
    plan = Plan(intent="animate_image", targets=tuple(values), prompt=move)
    sources = bench.sources(plan, target, values)
    (take,) = bench.composed(plan, sources).takes
    job = bench.job(take)
    facts = ChartRenderer().run(job, report=lambda _: None, cancelled=lambda: False)
    return read_video(bench.ledger.path(facts["video"]))[0]


def _framed(frames: Frames) -> Frames:
    """Bring five moments of a clip into one shape, on grey."""
    height, width = _STRIP
    made = []
    for frame in frames[np.linspace(0, len(frames) - 1, _MOMENTS).round().astype(int)]:
        picture = Image.fromarray(frame)
        picture.thumbnail((width - 4, height), Image.Resampling.LANCZOS)
        whole = Image.new("RGB", (width, height), (238, 238, 238))
        whole.paste(
            picture, ((width - picture.width) // 2, (height - picture.height) // 2)
        )
        made.append(np.asarray(whole))
    return np.stack(made)


def _in_two_lines(caption: str, longest: int = _SIDE // 6) -> str:
    """Break a caption where its first line is full."""
    if len(caption) <= longest:
        return caption
    at = caption.rfind(" ", 0, longest)
    return f"{caption[:at]}\n{caption[at + 1 :]}"


if __name__ == "__main__":
    raise SystemExit(main())
