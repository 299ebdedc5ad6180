"""What a player does with any clip of the conversation: it looks, selects, refines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from ipywidgets import widget_serialization
from PIL import Image

from nbagent.conversation.clip import Clip
from nbagent.conversation.selection import Selection
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.notebook.border import answer
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.desk_wire import DESK_KINDS, parse_desk_request
from nbagent.notebook.line import parse
from nbagent.notebook.options import options_text
from nbagent.notebook.player import Player
from nbagent.notebook.transcript import Transcript
from nbagent.take import Take
from tests.test_player import WAIT_S, FileSource, RecordingComm
from tests.test_session import heard_by, say, store

pytestmark = [pytest.mark.usefixtures("recording"), pytest.mark.phrases]

BALL = "a red ball crosses the beach"
LEFT_TOP = [0.0, 0.0, 0.5, 0.25]


@pytest.fixture
def desk(session: Session) -> Desk:
    store(session, say(session, BALL, "cell-1", seed=7))
    return Desk(Chat(Transcript(session), {}))


def ask(desk: Desk, kind: str, **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
    request = parse_desk_request({"type": kind, "id": "v-1", **fields})
    reply, buffers = desk.answer(request)
    assert reply["id"] == "v-1"
    return cast("dict[str, Any]", reply), buffers


def select(desk: Desk, span: Any = None, region: Any = None, name: str = "c1") -> None:
    reply, _ = ask(desk, "select", name=name, span=span, region=region)
    assert reply["type"] == "selected"


def test_what_is_selected_is_read_in_python(session: Session, desk: Desk) -> None:
    clip = session.clip("c1")
    assert not clip.selection
    select(desk, [1.0, 2.0], LEFT_TOP)
    selection = clip.selection  # the value that a cell has, not one asked for anew
    assert selection == session.clip("c1").selection
    assert selection is not None
    assert (selection.span, selection.region) == ((1.0, 2.0), tuple(LEFT_TOP))
    assert selection.frames == slice(8, 16)
    assert clip.frames[selection.index].shape == (8, 64, 128, 3)
    select(desk, None, LEFT_TOP)
    assert clip.selection is not None
    assert clip.selection.frames == slice(0, 16)
    select(desk)
    assert clip.selection is None


def test_the_last_selection_that_is_told_is_the_one_that_counts(
    session: Session, desk: Desk
) -> None:
    """As it is answered, not some time later: the next cell reads it."""
    clip = session.clip("c1")

    class Widget:
        def send(self, content: Any, buffers: Any = None) -> None:
            assert (content["type"], buffers) == ("selected", [])

    def reply_to(content: object) -> Any:
        return desk.answer(parse_desk_request(cast("dict[str, Any]", content)))

    for end in range(1, 9):
        part = {"name": "c1", "span": [0, end / 4], "region": None}
        answer(Widget(), {"type": "select", "id": f"v-{end}"} | part, reply_to)
        assert clip.selection is not None
        assert clip.selection.span == (0, end / 4)


@pytest.mark.parametrize(
    ("span", "region", "line"),
    [
        ([1.0, 3.0], None, "3 s is not inside the clip"),
        ([1.0, 1.01], None, "is shorter than one frame at 8 fps"),
        (None, [0.5, 0.0, 0.5, 1.0], "not a region of a frame"),
        (None, [0.0, 0.0, 1.5, 1.0], "not a region of a frame"),
    ],
)
def test_a_part_outside_the_clip_is_refused(
    session: Session, desk: Desk, span: Any, region: Any, line: str
) -> None:
    select(desk, [0.0, 1.0])
    with pytest.raises(SpecError, match=line):
        select(desk, span, region)
    kept = session.clip("c1").selection
    assert kept is not None
    assert kept.span == (0.0, 1.0)


def test_a_region_is_a_pixel_at_the_least(session: Session) -> None:
    (clip,) = store(session, say(session, BALL))
    artifact = session.ledger.artifact(cast("Any", clip.take).id)
    assert artifact is not None
    thin = Selection.of(artifact, span=None, region=(0.999, 0.0, 1.0, 0.001))
    assert (thin.rows, thin.columns) == (slice(0, 1), slice(255, 256))


def refine(session: Session, words: str, **part: Any) -> Take:
    (take,) = session.hear(words, part, target=session.clip("c1")).takes
    return take


@pytest.mark.usefixtures("desk")
def test_only_what_is_pointed_at_is_made_anew(session: Session) -> None:
    take = refine(session, "at night", span=(1.0, 2.0), region=tuple(LEFT_TOP))
    assert take.operation == "inpaint"
    assert "at night" in take.prompt
    assert take.parents == (session.rows()[0].take_id,)
    mask = np.asarray(Image.open(session.ledger.path(take.holds[0].mask)))[..., 0]
    frames = mask.reshape(16, 256, 256) > 127
    assert frames[8:, :64, :128].all()
    assert frames.sum() == 8 * 64 * 128


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("words", ["a moon", "birds", "add a moon"])
def test_a_thing_is_put_where_it_is_pointed(session: Session, words: str) -> None:
    take = refine(session, words, region=tuple(LEFT_TOP))
    assert (take.operation, take.prompt.startswith("a red ball")) == ("inpaint", True)
    assert words.split()[-1] in json.dumps(take.shot)


@pytest.mark.usefixtures("desk")
def test_a_change_of_a_thing_adds_no_second_one(session: Session) -> None:
    take = refine(session, "the ball should be blue", region=tuple(LEFT_TOP))
    assert take.operation == "inpaint"
    assert "blue ball" in take.prompt


def test_a_selection_is_refined_from_python_and_by_options(session: Session) -> None:
    session.remixer = heard_by(session)
    (clip,) = store(session, say(session, BALL))
    select(Desk(Chat(Transcript(session), {})), [1.0, 2.0])
    one = cast("Any", clip).inpaint(clip.selection, "at night")
    two = say(session, "at night", span=(1.0, 2.0))
    assert one.takes[0].operation == two.takes[0].operation == "inpaint"
    assert one.takes[0].holds == two.takes[0].holds


def test_a_refined_clip_is_a_turn_of_the_conversation(
    session: Session, desk: Desk
) -> None:
    reply, _ = ask(desk, "refine", name="c1", words="slower", span=None, region=None)
    turn = session.ledger.turns.get(reply["turn"])
    assert (turn.text, reply["line"]) == ("slower", "")
    assert session.clip("c2").take is not None
    answer, _ = ask(
        desk, "refine", name="c1", words="what seed has c1?", span=None, region=None
    )
    assert answer["turn"] is None
    assert "seed 7" in answer["line"]


@pytest.mark.parametrize(
    ("name", "words", "span", "line"),
    [
        ("c9", "slower", None, "no clip is called 'c9'"),
        ("c1", "make it 16:9", [1.0, 2.0], "aspect applies to the whole clip: leave"),
        ("c1", "at night", [1.0, 9.0], "not inside the clip"),
        ("c1", "--sed 3 at night", None, "did you mean --seed"),
    ],
)
def test_what_cannot_be_refined_is_one_line(
    desk: Desk, name: str, words: str, span: Any, line: str
) -> None:
    with pytest.raises(SpecError, match=line) as caught:
        ask(desk, "refine", name=name, words=words, span=span, region=None)
    assert "\n" not in str(caught.value)


def test_the_part_is_kept_with_the_turn(session: Session, desk: Desk) -> None:
    with pytest.raises(SpecError):
        ask(
            desk,
            "refine",
            name="c1",
            words="make it 16:9",
            span=[1, 2],
            region=LEFT_TOP,
        )
    turn = session.ledger.turns.of(session.settings.conversation)[-1]
    assert options_text(turn.options) == "--span 1:2 --region 0,0,0.5,0.25"
    options, words, _ = parse(f"{options_text(turn.options)} {turn.text}")
    assert (options["span"], options["region"]) == ((1, 2), tuple(LEFT_TOP))
    assert words == "make it 16:9"


@pytest.fixture
def family(session: Session, desk: Desk) -> Desk:
    """Return a desk over c1, c2 of it, and two children of c2."""
    store(session, say(session, "at night", "cell-2"))
    store(session, say(session, "c2, slower", "cell-3"))
    store(session, say(session, "c2 but in the desert", "cell-4", seed=9))
    return desk


def test_the_lineage_says_what_changed_on_each_edge(family: Desk) -> None:
    reply, posters = ask(family, "get_lineage", name="c2")
    path = {node["take"]["name"]: node for node in reply["path"]}
    children = {node["take"]["name"]: node for node in reply["children"]}
    assert (list(path), list(children)) == (["c1", "c2"], ["c3", "c4"])
    assert path["c1"]["changes"] == []
    assert "+ at night" in path["c2"]["changes"]
    assert children["c3"]["changes"] == ["half as fast"]
    assert not any("fast" in change for change in children["c4"]["changes"])
    assert "seed: 7 → 9" in children["c4"]["changes"]
    assert path["c2"]["take"]["state"] == "done"
    assert [poster[:2] for poster in posters] == [b"\xff\xd8"] * 4  # one JPEG each
    deeper, _ = ask(family, "get_lineage", name="c4")
    assert [node["take"]["name"] for node in deeper["path"]] == ["c1", "c2", "c4"]


def test_an_edge_says_what_is_cut_anew_and_not_what_was(
    session: Session, desk: Desk
) -> None:
    store(session, say(session, "slower, and at night", "cell-2"))
    store(session, say(session, "c2 but in the desert", "cell-3"))
    reply, _ = ask(desk, "get_lineage", name="c3")
    slower, desert = (node["changes"] for node in reply["path"][1:])
    assert {"+ at night", "half as fast"} <= set(slower)
    assert "half as fast" not in desert


def test_any_clip_of_it_can_be_fetched(session: Session, family: Desk) -> None:
    _, buffers = ask(family, "get_named", name="c1")
    assert buffers == [session.clip("c1").path.read_bytes()]


def test_the_details_have_code_that_makes_the_clip(family: Desk) -> None:
    reply, _ = ask(family, "get_details", name="c3")
    facts = {fact["label"]: fact["value"] for fact in reply["facts"]}
    assert facts["You said"] == "c2, slower"
    assert facts["Made from"] == "c2, re-cut"
    assert (facts["Seed"], facts["Effects"]) == ("7", "half as fast")
    assert reply["magic"] == "%agent --seed 7 c2, slower"
    assert reply["python"].splitlines() == [
        "import nbagent",
        f"c1 = nbagent.say({BALL!r}, seed=7)",
        "c2 = c1.remix('at night', seed=7)",
        "c3 = c2.remix('c2, slower', seed=7)",
    ]


def test_the_code_points_too(session: Session, desk: Desk) -> None:
    store(session, say(session, "at night", span=(1, 2), region=tuple(LEFT_TOP)))
    reply, _ = ask(desk, "get_details", name="c2")
    assert reply["magic"] == (
        "%agent --seed 7 --span 1:2 --region 0,0,0.5,0.25 c1, at night"
    )
    last = reply["python"].splitlines()[-1]
    part = "span=(1, 2), region=(0.0, 0.0, 0.5, 0.25)"
    assert last == f"c2 = c1.remix('at night', {part}, seed=7)"


def test_it_is_saved_beside_the_notebook_or_sent(session: Session, desk: Desk) -> None:
    reply, _ = ask(desk, "save", name="c1", format="json")
    folder = session.settings.store.parent
    recipe = json.loads((folder / reply["path"]).read_text())
    assert recipe == json.loads(json.dumps(session.clip("c1").recipe))
    kinds = {"mp4": b"ftyp", "gif": b"GIF8", "png": b"PK", "html": b"<!doctype html>"}
    for kind, head in kinds.items():
        sent, (file,) = ask(desk, "get_file", name="c1", format=kind)
        assert head in file[:16], kind
        suffix = {"png": "zip"}.get(kind, kind)
        assert sent["file_name"] == f"c1.{suffix}"
    assert not (folder / "c1.mp4").exists()


def test_a_shared_page_is_whole_and_its_words_are_text(
    session: Session, tmp_path: Path
) -> None:
    words = "a red ball </script><script>alert(1)</script> crosses the beach"
    (clip,) = store(session, say(session, words))
    page = clip.save(tmp_path / "c1.html").read_text()
    assert page.count("<script") == 2  # its recipe, and its keys
    assert "&lt;/script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    data = page.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(data) == json.loads(json.dumps(clip.recipe))


def test_a_file_without_recipe_says_so(session: Session, tmp_path: Path) -> None:
    (clip,) = store(session, say(session, BALL))
    from nbagent import media

    media.write_clip(tmp_path / "bare.mp4", clip.frames, 8.0, None)
    with pytest.raises(SpecError, match="no recipe"):
        Clip.open(tmp_path / "bare.mp4").save(tmp_path / "bare.json")


def test_the_tools_are_sent_with_their_style(desk: Desk) -> None:
    _, (script, style) = ask(desk, "get_tools")
    assert b"export" in script
    assert b".nba-pad" in style
    assert len(script) < 27_000


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "select", "name": ""}, "a clip has a short name"),
        ({"type": "get_named", "name": "c" * 99}, "a clip has a short name"),
        ({"type": "get_lineage"}, "a clip has a short name, not None"),
        ({"type": "select", "name": "c1", "span": [1]}, "a part is 2 numbers"),
        ({"type": "select", "name": "c1", "span": "1:2"}, "a part is 2 numbers"),
        ({"type": "select", "name": "c1", "region": [0, 0, 1, True]}, "is 4 numbers"),
        (
            {"type": "select", "name": "c1", "region": [0, 0, 1, float("nan")]},
            "is 4 numbers",
        ),
        ({"type": "refine", "name": "c1", "words": "  "}, "say what should be"),
        ({"type": "refine", "name": "c1", "words": 3}, "say what should be"),
        (
            {"type": "refine", "name": "c1", "words": "a" * 40_000},
            "say it in fewer words",
        ),
        ({"type": "save", "name": "c1", "format": "../x"}, "use mp4, webm"),
        ({"type": "save", "name": "c1"}, "cannot save as None"),
    ],
)
def test_any_other_message_is_one_clear_line(
    message: dict[str, Any], line: str
) -> None:
    assert message["type"] in DESK_KINDS
    with pytest.raises(SpecError, match=line) as caught:
        parse_desk_request({"id": "a", **message})
    assert len(str(caught.value)) < 200


def test_a_turn_said_in_a_player_has_a_player_below(
    session: Session, desk: Desk
) -> None:
    player = Player(FileSource(), desk)
    message = {"type": "refine", "id": "v-1", "name": "c1", "words": "slower"}
    data = {"method": "custom", "content": message}
    # Not by the comm: an older one wants a kernel around it.
    player._handle_msg({"content": {"data": data}, "buffers": []})
    published = cast(RecordingComm, player.comm).published
    heard = [published.get(timeout=WAIT_S)[0] for _ in range(2)]
    update, reply = heard  # the model is there before the view hears of it
    (model_id,) = update["state"]["follow_ups"]
    assert reply["content"]["type"] == "refined"
    child = widget_serialization["from_json"](f"IPY_MODEL_{model_id}", None)
    assert isinstance(child, Player)
    assert child.request == "slower"
    for _ in range(100):  # its frames are re-cut in a thread of its own
        if child.turn_state == "done":
            break
        cast(RecordingComm, child.comm).published.get(timeout=WAIT_S)
    (take,) = child.takes
    assert (take["name"], take["state"], take["fps"]) == ("c2", "done", 4.0)
    assert child._source.clip_bytes(0) == session.clip("c2").path.read_bytes()
    for widget in (player, child):
        widget.close()
