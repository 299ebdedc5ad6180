"""Step caches: sound where they are offered, one job's own, and exact to resume."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import FirstBlockCacheConfig
from safetensors.torch import load_file

from nbagent.errors import Cancelled, SpecError
from nbagent.ledger import Ledger
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.families import STEP_CACHES
from nbagent.render.caches import StepCache, denoisers
from nbagent.render.renderer import Renderer
from nbagent.take import Job, Take
from nbagent.take.caching import CacheKind, StepCaching, step_caching
from tests.test_render_renderer import Watch, artifact, job, run, take
from tests.tiny_pipelines import TINY, save

pytestmark = pytest.mark.filterwarnings(
    "ignore:In CPU autocast:UserWarning",
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:__array_wrap__ must accept:DeprecationWarning",
)
STEPS = 8
THRESHOLD = 0.1
KINDS: tuple[tuple[CacheKind, float], ...] = (("first", THRESHOLD), ("sea", 0.4))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelCard]:
    """One network with guidance's two passes, and two of them."""
    folder = tmp_path_factory.mktemp("models")
    names = ("wan-unipc", "wan-2.2-14b")
    return {name: model_card(str(save(name, folder / name))) for name in names}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


def cached(card: ModelCard, threshold: float = THRESHOLD, **more: Any) -> Take:
    return take(
        card,
        num_frames=9,
        fps=16.0,
        num_inference_steps=STEPS,
        step_cache=threshold,
        **more,
    )


def latents(ledger: Ledger, asked: Take) -> torch.Tensor:
    digest = artifact(ledger, asked).latents
    assert digest is not None
    return load_file(ledger.path(digest))["latents"]


def skipped(facts: dict[str, Any]) -> tuple[int, int]:
    """Return (skipped, all) blocks as the clip's note says them."""
    said = facts["message"].split("step cache ")[1].split()
    return int(said[1]), int(said[3])


def in_turns(jobs: list[Job]) -> None:
    """Render jobs in threads of one renderer; after each step another has the turn."""
    renderer, changed = Renderer(), threading.Condition()
    order, began = deque(range(len(jobs))), set[int]()

    def turn(number: int) -> None:
        with changed:
            if number in began:
                order.rotate(-1)
            began.add(number)
            changed.notify_all()
            changed.wait_for(lambda: order[0] == number)

    def work(number: int) -> None:
        try:
            renderer.run(
                jobs[number],
                report=lambda _: None,
                cancelled=lambda: False,
                turn=lambda: turn(number),
            )
        finally:
            with changed:
                order.remove(number)
                changed.notify_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(work, n) for n in range(len(jobs))]:
            done.result()


# Which networks


@pytest.mark.parametrize("name", TINY)
def test_what_is_skipped_is_what_would_have_been_computed(name: str) -> None:
    """A second pass over the same input skips, and its result is the first one's."""
    pipe: Any = TINY[name].build()
    pipe.set_progress_bar_config(disable=True)
    offered = type(pipe).__name__ in STEP_CACHES
    network = denoisers(pipe)[0]
    if network.config.get("num_layers") == 1:  # the first block is not all of it
        torch.manual_seed(0)
        network = type(network).from_config({**network.config, "num_layers": 2}).eval()
        pipe.transformer = network
    calls: list[Any] = []
    hook = network.register_forward_pre_hook(
        lambda _module, args, kwargs: calls.append((args, kwargs)), with_kwargs=True
    )
    torch.manual_seed(0)
    pipe(**TINY[name].arguments(num_inference_steps=2))
    hook.remove()
    args, kwargs = calls[0]

    def twice() -> list[torch.Tensor]:
        network.enable_cache(FirstBlockCacheConfig(threshold=0.01))
        with torch.no_grad(), network.cache_context("cond"):
            return [network(*args, **kwargs)[0] for _ in range(2)]

    with torch.no_grad():
        plain = network(*args, **kwargs)[0]
    if offered:
        first, second = twice()
        assert torch.equal(first, plain)
        torch.testing.assert_close(second, first, rtol=1e-4, atol=1e-4)
    elif "VACE" in type(network).__name__:
        first, second = twice()
        assert not torch.allclose(first, second, rtol=1e-2, atol=1e-2)


def test_a_model_that_cannot_refuses_in_one_line(tmp_path: Path) -> None:
    card = model_card(str(save("wan-vace", tmp_path)))
    with pytest.raises(SpecError, match="cannot use a step cache") as caught:
        card.check_take(cached(card))
    assert "\n" not in str(caught.value)
    card.check_take(cached(card, threshold=0.0))


# What it does


@pytest.mark.parametrize(("kind", "threshold"), KINDS)
@pytest.mark.parametrize("name", ["wan-unipc", "wan-2.2-14b"])
def test_it_skips_repeats_itself_and_leaves_nothing_behind(
    renderer: Renderer,
    ledger: Ledger,
    cards: dict[str, ModelCard],
    name: str,
    kind: CacheKind,
    threshold: float,
) -> None:
    card = cards[name]
    plain = cached(card, threshold=0.0)
    run(renderer, job(ledger, plain))
    asked = cached(card, threshold, cache_kind=kind)
    number, blocks = skipped(run(renderer, job(ledger, asked)))
    assert blocks == STEPS * 2 * 2  # steps, passes, blocks
    assert 0 < number < blocks
    assert not torch.equal(latents(ledger, asked), latents(ledger, plain))

    with Ledger(ledger.folder.parent / "again") as again:
        assert skipped(run(renderer, job(again, asked))) == (number, blocks)
        assert artifact(again, asked).video == artifact(ledger, asked).video
        run(renderer, job(again, plain))
        assert artifact(again, plain).video == artifact(ledger, plain).video


def test_a_threshold_that_nothing_meets_changes_nothing(
    renderer: Renderer, ledger: Ledger, cards: dict[str, ModelCard]
) -> None:
    asked, plain = (cached(cards["wan-unipc"], threshold=t) for t in (1e-9, 0.0))
    for one in (asked, plain):
        facts = run(renderer, job(ledger, one))
        assert ("step cache" in facts["message"]) == (one is asked)
    assert torch.equal(latents(ledger, asked), latents(ledger, plain))
    assert asked.id != plain.id
    assert Take.from_recipe(asked.to_recipe()) == asked


@pytest.mark.parametrize(("kind", "threshold"), KINDS)
@pytest.mark.parametrize("name", ["wan-unipc", "wan-2.2-14b"])
@pytest.mark.parametrize("stop_at", [1, 4, 6, STEPS])
def test_a_stopped_job_goes_on_to_the_same_clip(
    renderer: Renderer,
    ledger: Ledger,
    cards: dict[str, ModelCard],
    name: str,
    stop_at: int,
    kind: CacheKind,
    threshold: float,
) -> None:
    asked = cached(cards[name], threshold, cache_kind=kind)
    whole = run(renderer, job(ledger, asked))
    with Ledger(ledger.folder.parent / "stopped") as other:
        with pytest.raises(Cancelled):
            run(renderer, job(other, asked), Watch(stop_at=stop_at))
        for network in denoisers(renderer.shelf.kept[-1].pipe):
            assert not network.is_cache_enabled
        watch = Watch()
        resumed = run(renderer, job(other, asked), watch)
        assert torch.equal(latents(other, asked), latents(ledger, asked))
        assert resumed["video"] == whole["video"]
        assert skipped(resumed) == skipped(whole)


def test_a_resumed_job_starts_before_a_step_that_ran_in_full(
    renderer: Renderer, ledger: Ledger, cards: dict[str, ModelCard]
) -> None:
    """It repeats only what was skipped since, not the whole clip."""
    asked = cached(cards["wan-unipc"])
    steps: list[int] = []
    with pytest.raises(Cancelled):
        run(renderer, job(ledger, asked), Watch(stop_at=STEPS - 1))
    watch = Watch()
    watch.on_step = steps.append
    run(renderer, job(ledger, asked), watch)
    assert steps[0] > 1


def test_two_jobs_in_turns_get_what_each_gets_alone(
    cards: dict[str, ModelCard], tmp_path: Path
) -> None:
    """Each has its own threshold and seed; they change places after every step."""
    card = cards["wan-unipc"]
    takes = [
        cached(card),
        cached(card, threshold=0.0),
        cached(card, 0.4, seed=9),
        cached(card, 0.4, seed=9, cache_kind="sea"),
    ]
    alone = []
    for number, one in enumerate(takes):
        with Ledger(tmp_path / str(number)) as store:
            run(Renderer(), job(store, one))
            alone.append(latents(store, one))
    with Ledger(tmp_path / "together") as store:
        in_turns([job(store, one) for one in takes])
        for one, expected in zip(takes, alone, strict=True):
            assert torch.equal(latents(store, one), expected)


def test_off_is_off(cards: dict[str, ModelCard], renderer: Renderer) -> None:
    loaded = renderer.shelf.get(cards["wan-unipc"])
    cache = StepCache(denoisers(loaded.pipe), StepCaching())
    cache.put_on()
    assert not denoisers(loaded.pipe)[0].is_cache_enabled
    assert cache.note() == ""
    cache.take_off()


def test_the_threshold_is_a_share(cards: dict[str, ModelCard]) -> None:
    with pytest.raises(SpecError, match="step cache 2 is out of range"):
        replace(cached(cards["wan-unipc"]), step_cache=2.0)


def test_it_is_written_in_one_way() -> None:
    assert step_caching("0.1") == step_caching("first:0.1") == StepCaching(0.1)
    assert repr(step_caching("sea:0.2")) == "sea:0.2"
    assert not step_caching("off")
    assert step_caching("sea:0") == StepCaching()
    for wrong in ("2", "sea", "taylor:0.1", "0.1:sea", "-0.1", "nan"):
        with pytest.raises(SpecError, match="is not a step cache: use"):
            step_caching(wrong)


def test_a_loop_that_tells_no_noise_levels_has_the_first_alone(tmp_path: Path) -> None:
    card = model_card(str(save("ltx", tmp_path)))
    card.check_cache(StepCaching(0.2))
    with pytest.raises(SpecError, match="does not report its noise levels"):
        card.check_cache(StepCaching(0.2, "sea"))


def test_a_recipe_names_the_kind(cards: dict[str, ModelCard]) -> None:
    asked = cached(cards["wan-unipc"], 0.2, cache_kind="sea")
    assert Take.from_recipe(asked.to_recipe()) == asked
    assert asked.id != cached(cards["wan-unipc"], 0.2).id
    assert "cache_kind" not in cached(cards["wan-unipc"], 0.2).to_recipe()
