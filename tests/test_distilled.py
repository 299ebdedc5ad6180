"""Few-step models: run at the very noise levels that they were distilled to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES
from diffusers.utils.torch_utils import randn_tensor
from safetensors.torch import load_file

from nbagent.errors import Cancelled, JobFailed, SpecError
from nbagent.ledger import Ledger
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.catalogue import CATALOGUE
from nbagent.render import pipelines
from nbagent.render.arguments import call_arguments
from nbagent.render.renderer import Renderer
from nbagent.take import Take
from tests.test_render_renderer import Watch, artifact, job, run, take
from tests.tiny_pipelines import save

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:__array_wrap__ must accept:DeprecationWarning",
)
# The tiny pipeline of each.
NAMES = {
    "fastwan": "wan-5b",
    "ltx-distilled": "ltx-condition",
    "ltx-2-distilled": "ltx-2",
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """Render in fp32 on any CPU: what is compared with it is written out in that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipelines, "has_fast_bf16", lambda: False)
        yield Renderer()


class Cards(dict[str, ModelCard]):
    """Tiny models of random weights, with the values of the catalogue's, when asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> ModelCard:
        folder = save(NAMES[name], self.folder / name)
        defaults = {**CATALOGUE[name].defaults, "max_sequence_length": 16}
        (folder / "defaults.json").write_text(json.dumps(defaults))
        self[name] = model_card(str(folder))
        return self[name]


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Cards:
    return Cards(tmp_path_factory.mktemp("models"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


def few(card: ModelCard, **more: Any) -> Take:
    side = 2 * card.size_multiple
    values = {
        "num_frames": card.nearest(9)[0],
        "height": side,
        "width": side,
        "fps": 16.0,
        "num_inference_steps": card.num_inference_steps,
        "guidance_scale": card.guidance_scale,
    }
    return take(card, **(values | more))


def latents(ledger: Ledger, asked: Take) -> torch.Tensor:
    digest = artifact(ledger, asked).latents
    assert digest is not None
    return load_file(ledger.path(digest))["latents"]


def plain(renderer: Renderer, card: ModelCard, asked: Take, **more: Any) -> Any:
    """Return the latents of the call that diffusers' documentation shows."""
    pipe: Any = DiffusionPipeline.from_pretrained(card.folder)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = FlowMatchEulerDiscreteScheduler()
    seen: list[torch.Tensor] = []

    def keep(_pipe: Any, _index: int, _time: Any, values: Any) -> Any:
        seen.append(values["latents"])
        return values

    loaded = renderer.shelf.get(card)
    pipe(
        **call_arguments(loaded, asked, asked.num_frames),
        **more,
        generator=torch.Generator().manual_seed(asked.seed),
        callback_on_step_end=keep,
    )
    return seen[-1]


def test_ltx_takes_the_timesteps_of_its_documentation(
    renderer: Renderer, ledger: Ledger, cards: Cards
) -> None:
    card = cards["ltx-distilled"]
    asked = few(card)
    run(renderer, job(ledger, asked))
    told = plain(
        renderer, card, asked, timesteps=[1000, 993, 987, 981, 975, 909, 725, 0.03]
    )
    torch.testing.assert_close(latents(ledger, asked), told, rtol=1e-5, atol=1e-5)
    usual = plain(renderer, card, asked)
    assert not torch.allclose(latents(ledger, asked), usual, rtol=1e-2, atol=1e-2)


def test_ltx_2_takes_the_sigmas_of_its_documentation(
    renderer: Renderer, ledger: Ledger, cards: Cards
) -> None:
    card = cards["ltx-2-distilled"]
    assert list(card.sigmas) == DISTILLED_SIGMA_VALUES
    asked = few(card)
    run(renderer, job(ledger, asked))
    told = plain(renderer, card, asked, sigmas=DISTILLED_SIGMA_VALUES)
    assert torch.equal(latents(ledger, asked), told)


@torch.no_grad()
def test_fastwan_goes_to_the_end_and_back_as_its_authors_do(
    renderer: Renderer, ledger: Ledger, cards: Cards
) -> None:
    """Their stage, written out: predict the clean end, noise it to the next timestep."""
    card = cards["fastwan"]
    asked = few(card)
    run(renderer, job(ledger, asked))

    # Theirs looks a timestep's noise level up in a schedule of a thousand.
    grid = FlowMatchEulerDiscreteScheduler(shift=8.0)
    times = torch.tensor([1000.0, 757.0, 522.0])
    nearest = (grid.timesteps[None] - times[:, None]).abs().argmin(1)
    assert torch.allclose(grid.sigmas[nearest], torch.tensor(card.sigmas), atol=1e-3)

    pipe: Any = DiffusionPipeline.from_pretrained(card.folder)
    words, _ = pipe.encode_prompt(
        asked.prompt, do_classifier_free_guidance=False, max_sequence_length=16
    )
    generator = torch.Generator().manual_seed(asked.seed)
    shape = latents(ledger, asked).shape
    x = randn_tensor(shape, generator=generator, dtype=torch.float32)
    for number, time in enumerate(times):
        flow = pipe.transformer(
            hidden_states=x,
            timestep=time.expand(1),
            encoder_hidden_states=words,
            return_dict=False,
        )[0]
        clean = x - card.sigmas[number] * flow
        if number + 1 == len(times):
            break
        noise = randn_tensor(shape, generator=generator, dtype=torch.float32)
        level = card.sigmas[number + 1]
        x = (1 - level) * clean + level * noise
    torch.testing.assert_close(latents(ledger, asked), clean, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "stop_at"), [("fastwan", 1), ("fastwan", 2), ("ltx-distilled", 5)]
)
def test_a_stopped_job_goes_on_to_the_same_clip(
    renderer: Renderer,
    ledger: Ledger,
    cards: Cards,
    name: str,
    stop_at: int,
) -> None:
    asked = few(cards[name])
    whole = run(renderer, job(ledger, asked))
    with Ledger(ledger.folder.parent / "stopped") as other:
        with pytest.raises(Cancelled):
            run(renderer, job(other, asked), Watch(stop_at=stop_at))
        watch = Watch()
        assert run(renderer, job(other, asked), watch)["video"] == whole["video"]
        assert min(p.step for p in watch.seen if p.phase == "denoise") >= stop_at


@pytest.mark.parametrize("name", ["fastwan", "ltx-distilled"])
def test_a_remix_runs_some_of_them(
    renderer: Renderer, ledger: Ledger, cards: Cards, name: str
) -> None:
    parent = few(cards[name])
    run(renderer, job(ledger, parent))
    child = replace(parent, operation="remix", strength=0.4, parents=(parent.id,))
    watch = Watch()
    run(renderer, job(ledger, child), watch)
    assert max(p.step for p in watch.seen) == child.num_run_steps
    assert child.num_run_steps < parent.num_inference_steps
    assert not torch.equal(latents(ledger, child), latents(ledger, parent))


def test_another_number_of_steps_is_one_line(cards: Cards) -> None:
    card = cards["fastwan"]
    assert (card.num_inference_steps, card.draft_steps) == (3, 3)
    card.check_take(few(card))
    with pytest.raises(SpecError, match=r"20 steps do not fit .* distilled to 3"):
        card.check_take(few(card, num_inference_steps=20))


def test_a_folder_may_say_its_own(tmp_path: Path) -> None:
    folder = save("wan-unipc", tmp_path / "wan")
    (folder / "defaults.json").write_text('{"sigmas": [1.0, 0.5]}')
    assert model_card(str(folder)).sigmas == (1.0, 0.5)
    for wrong in ([0.5, 1.0], [2.0, 0.5], [1.0, 0.0]):
        (folder / "defaults.json").write_text(json.dumps({"sigmas": wrong}))
        with pytest.raises(SpecError, match="do not fall from 1 to above 0"):
            model_card(str(folder))


def test_a_model_without_flow_has_no_such_levels(
    renderer: Renderer, ledger: Ledger, tmp_path: Path
) -> None:
    folder = save("cogvideox-ddim", tmp_path / "cog")
    (folder / "defaults.json").write_text('{"sigmas": [1.0, 0.5]}')
    card = model_card(str(folder))
    with pytest.raises(JobFailed, match="DDIMScheduler cannot use"):
        run(renderer, job(ledger, few(card)))
