"""Models of the hub, from a hub on this machine: sizes, downloads, commits, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.conversation import choices
from nbagent.conversation.session import Session
from nbagent.errors import Cancelled, DownloadFailed, SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.models import hub
from nbagent.models.cards import model_card
from nbagent.models.hub import HubModel
from nbagent.models.names import is_here
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from tests.hub_server import Hub
from tests.test_render_renderer import Watch, artifact, job, run, take
from tests.tiny_pipelines import save

NAME = "org/tiny"
OLD, NEW = "a" * 40, "b" * 40
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
STALE = "text_encoder/diffusion_pytorch_model.safetensors"  # transformers reads `model`


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two commits of a repository, with what a pipeline does not use beside it."""
    old = save("pocket-like", tmp_path_factory.mktemp("hub") / "old")
    (old / "README.md").write_text("a model")
    (old / "code.py").write_text("raise SystemExit")
    fp16 = WEIGHTS.replace(".safetensors", ".fp16.safetensors")
    shutil.copy(old / WEIGHTS, old / fp16)
    (old / "transformer" / "diffusion_pytorch_model.bin").write_bytes(b"pickled")
    shutil.copy(old / "text_encoder" / "model.safetensors", old / STALE)
    new = shutil.copytree(old, old.parent / "new")
    save("pocket-like", new)
    (new / "scheduler" / "note.txt").write_text("another commit")
    return {OLD: old, NEW: new}


@pytest.fixture
def server(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    from huggingface_hub import constants

    server = Hub(NAME, dict(folders), OLD)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 4096)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    yield server
    server.close()


@pytest.fixture
def session(settings: Settings, server: Hub) -> Iterator[Session]:
    assert server.url
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


def asked(card: Any) -> Any:
    return take(card, height=16, width=16, num_frames=8, fps=16.0)


def model() -> HubModel:
    found = hub.hub_model(NAME)
    assert found is not None
    return found


def test_its_size_is_said_before_and_only_what_is_used_comes(
    server: Hub, session: Session, folders: dict[str, Path]
) -> None:
    answer = session.choose(choices.use(NAME))
    weights = sum(p.stat().st_size for p in folders[OLD].glob("*/*.safetensors"))
    weights -= (folders[OLD] / WEIGHTS).stat().st_size  # fp16
    weights -= (folders[OLD] / STALE).stat().st_size
    said = float(answer.split("here yet: ")[1].split()[0])
    assert said * 1e6 == pytest.approx(weights, rel=0.1)
    assert not any(name.endswith(".safetensors") for name in server.downloads())
    assert not is_here(NAME)

    watch = Watch()
    with Ledger(session.settings.store) as ledger:
        made = asked(model_card(NAME))
        run(Renderer(), job(ledger, made), watch)
        assert artifact(ledger, made).num_frames == 8
    loading = [p.message for p in watch.seen if "downloaded" in p.message]
    assert loading[0].startswith("0.0 MB of ")
    done, _, whole = loading[-1].removesuffix(" downloaded").partition(" of ")
    assert done == whole
    assert {p.phase for p in watch.seen if p.message in loading} == {"load"}
    assert is_here(NAME)
    came = server.downloads()
    assert WEIGHTS in came
    assert STALE not in came
    assert len(came) == len(set(came))
    assert not [n for n in came if n.endswith((".py", ".bin", ".md")) or "fp16" in n]
    assert "is not here" not in session.choose(choices.use(NAME))


def test_the_first_commit_stays_and_others_are_named(server: Hub) -> None:
    hub.download(model(), None, lambda *_: None)
    server.main = NEW
    assert model_card(NAME).revision == f"hub:{OLD}"
    other = hub.hub_model(f"{NAME}@main")
    assert other is not None
    hub.look_up(other)
    assert model_card(f"{NAME}@main").revision == f"hub:{NEW}"
    assert model_card(f"{NAME}@{OLD}").revision == f"hub:{OLD}"
    assert hub.hub_model(f"{NAME}@../up") is None


def test_a_recipe_loads_the_commit_that_it_names(server: Hub, tmp_path: Path) -> None:
    hub.download(model(), None, lambda *_: None)
    made = asked(model_card(NAME))
    assert made.to_recipe()["model_revision"] == f"hub:{OLD}"
    shutil.rmtree(tmp_path / "cache")
    server.main = NEW
    hub.download(model(), None, lambda *_: None)
    assert model_card(NAME).revision == f"hub:{NEW}"
    with Ledger(tmp_path / "store") as ledger:
        run(Renderer(), job(ledger, made))
    assert is_here(f"{NAME}@{OLD}")


def test_a_connection_that_breaks_goes_on_where_it_broke(
    server: Hub, folders: dict[str, Path]
) -> None:
    server.breaks[WEIGHTS] = 3 * 4096
    counts: list[tuple[int, int]] = []
    hub.download(model(), None, lambda *at: counts.append(at))
    ranges = [r for m, p, r in server.asked if m == "GET" and p.endswith(WEIGHTS)]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")
    assert int(ranges[1][6:].partition("-")[0]) > 0
    assert (model().folder() / WEIGHTS).read_bytes() == (
        folders[OLD] / WEIGHTS
    ).read_bytes()
    assert counts[-1][0] == counts[-1][1]


def test_a_stopped_download_keeps_the_files_that_are_whole(server: Hub) -> None:
    def stop(done: int, whole: int) -> None:
        if done > whole / 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        hub.download(model(), None, stop)
    assert not is_here(NAME)
    before = set(server.downloads())
    server.asked.clear()
    hub.download(model(), None, lambda *_: None)
    assert is_here(NAME)
    assert len(before & set(server.downloads())) == 1  # the one that was under way


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        ((401, "GatedRepo"), "gated: accept its terms"),
        ((401, ""), "hf auth login"),
        ((404, "RepoNotFound"), "not on the hub, or private: check the name"),
        ((404, "RevisionNotFound"), "has no revision"),
        ((500, ""), "answered 500"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(
    server: Hub, session: Session, refusal: tuple[int, str], line: str
) -> None:
    server.refusal = refusal
    with pytest.raises(DownloadFailed, match=line) as caught:
        session.choose(choices.use(NAME))
    assert "\n" not in str(caught.value)
    assert NAME in str(caught.value)


def test_no_network_is_one_line(server: Hub) -> None:
    server.close()
    with pytest.raises(DownloadFailed, match=r"cannot be reached .*check the network"):
        hub.look_up(model())


def test_a_full_disk_is_told_before_weights_come(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    with pytest.raises(DownloadFailed, match=r"has 0\.0 MB free.*HF_HUB_CACHE"):
        hub.download(model(), None, lambda *_: None)
    assert WEIGHTS not in server.downloads()


def test_pickles_are_no_weights(server: Hub, tmp_path: Path) -> None:
    folder = shutil.copytree(server.commits[OLD], tmp_path / "pickled")
    for path in (folder / "transformer").glob("*.safetensors"):
        path.unlink()
    server.commits[OLD] = folder
    with pytest.raises(DownloadFailed, match="no safetensors for its transformer"):
        hub.look_up(model())


def test_other_classes_are_refused_before_more_than_the_index_comes(
    server: Hub, tmp_path: Path
) -> None:
    folder = shutil.copytree(server.commits[OLD], tmp_path / "made-of-os")
    index = json.loads((folder / "model_index.json").read_text())
    index["vae"] = ["os", "PathLike"]
    (folder / "model_index.json").write_text(json.dumps(index))
    server.commits[OLD] = folder
    with pytest.raises(SpecError, match=r"org/tiny needs os\.PathLike for its vae"):
        hub.look_up(model())
    assert server.downloads() == ["model_index.json"]


def test_a_name_that_is_none_asks_nobody(server: Hub) -> None:
    with pytest.raises(SpecError, match="no model is called"):
        model_card("wann")
    assert server.asked == []
