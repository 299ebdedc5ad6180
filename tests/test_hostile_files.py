"""Pictures, recipes and pages that somebody made to do harm: one line, or only text."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from nbagent.errors import MediaError, NbagentError
from nbagent.media import images, poster_jpeg, read_recipe, read_video, write_clip
from nbagent.media.page import share_page
from nbagent.take import Effect, Hold, Take
from tests.samples import make_frames, make_take

RECIPE = {"recipe_version": 1, "prompt": "a red ball"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.sampled_from(["generate", "b2:" + "0" * 32 + ".png", "x" * 1000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.jpg"])
def test_a_picture_that_was_tampered_with_is_one_line(
    tmp_path: Path, name: str
) -> None:
    path, frames = tmp_path / name, make_frames(4, 16, 16)
    if name == "a.jpg":
        path.write_bytes(poster_jpeg(frames))
    else:
        write_clip(path, frames[:1] if name == "a.png" else frames, 8.0, RECIPE)
    whole, chance = path.read_bytes(), random.Random(name)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 1, 9))] = chance.randbytes(
                chance.choice((0, 1, 1, 7))
            )
            data += b"" if data else b"x"
        path.write_bytes(data)
        for read in (read_video, read_recipe):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's of damaged metadata
                with suppress(MediaError):
                    read(path)


def test_frames_that_are_too_many_are_refused_before_memory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 3 * 16 * 16 * 3)
    folder = tmp_path / "frames"
    write_clip(folder, make_frames(4, 16, 16), 8.0, None)
    with pytest.raises(MediaError, match="more frames than fit"):
        read_video(folder)


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)  # 50 kB that would be 1.2 GB
    assert path.stat().st_size < 200_000
    with pytest.raises(MediaError, match="too many pixels"):
        read_video(path)


def test_a_text_that_unfolds_is_no_recipe(tmp_path: Path) -> None:
    path, text = tmp_path / "a.png", PngImagePlugin.PngInfo()
    text.add_text("Comment", '{"recipe_version":1}' + " " * 50_000_000, zip=True)
    Image.new("RGB", (8, 8)).save(path, pnginfo=text)
    assert path.stat().st_size < 100_000
    with pytest.raises(MediaError):
        read_recipe(path)


@pytest.mark.parametrize("fps", [0, -1, True, "8", None, 1e308, float("inf"), "[1]"])
def test_a_folder_states_a_rate_or_none(tmp_path: Path, fps: Any) -> None:
    folder = tmp_path / "frames"
    write_clip(folder, make_frames(2, 16, 16), 8.0, None)
    (folder / "recipe.json").write_text(json.dumps({"fps": fps}))
    assert read_video(folder)[1] == 8.0


@given(st.data())
def test_a_recipe_of_anything_is_a_take_or_one_line(data: st.DataObject) -> None:
    hold = Hold(source="b2:" + "0" * 32 + ".png", num_frames=1, at=0)
    effect = Effect(kind="trim", start_s=0.0, end_s=1.0)
    take = make_take(operation="animate", holds=(hold,), effects=(effect,))
    recipe: dict[str, Any] = copy.deepcopy(take.to_recipe())
    recipe["holds"], recipe["effects"] = [*recipe["holds"]], [*recipe["effects"]]
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = data.draw(st.sampled_from((recipe, "holds", "effects")))
        if isinstance(place, str):
            one = recipe.get(place)
            place = one[0] if isinstance(one, list) and one else recipe
        if isinstance(place, dict):
            place[data.draw(st.sampled_from(sorted(place)) | st.text())] = data.draw(
                JSON
            )
    with suppress(NbagentError):
        assert re.fullmatch(r"\w+:?\w+", Take.from_recipe(recipe).id)


def test_a_shared_page_runs_its_own_script_alone_and_loads_nothing() -> None:
    evil = "</title><script>alert(1)</script><img src=x onerror=alert(1)> ' \" &lt;"
    poster = poster_jpeg(np.zeros((1, 8, 8, 3), np.uint8))
    page = share_page(None, poster, evil, [evil, evil], {evil: evil}, 8.0)
    assert page.count("<script") == 2
    assert page.count("<img") == 1
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; media-src data:")
    assert page.index(policy) < page.index("<title>")
