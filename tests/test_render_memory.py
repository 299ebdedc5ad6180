"""Models within their memory, on real pipelines: placements, decoding, texts, the shelf."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.media import read_recipe, read_video
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.fit import Placement, choose
from nbagent.models.memory import needs_of
from nbagent.render import decode, model_cache
from nbagent.render.hook import PipelineHook
from nbagent.render.model_cache import Shelf
from nbagent.render.pipelines import Loaded, load, place
from nbagent.render.prompt_cache import TextCache
from nbagent.render.renderer import Renderer
from nbagent.render.start_states import Fresh
from tests.test_render_renderer import job, run, take
from tests.tiny_pipelines import TINY, save

pytestmark = pytest.mark.filterwarnings(
    # As in tests/test_render_conformance.py: Mochi's autocast, diffusers' DPM++, Helios.
    "ignore:In CPU autocast:UserWarning",
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:__array_wrap__ must accept:DeprecationWarning",
)
RESIDENT = Placement(
    where="resident", weights="own", held_bytes=0, peak_bytes=0, host_bytes=0
)
DEFAULTS = (
    '{"fps": 8, "height": 16, "width": 16, "num_frames": 8, "max_sequence_length": 16}'
)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> list[ModelCard]:
    """Three models of the same size."""
    made = []
    for name in "abc":
        folder = save("pocket-like", tmp_path_factory.mktemp("models") / name)
        (folder / "defaults.json").write_text(DEFAULTS)
        made.append(model_card(str(folder)))
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


def session(pipe: Any, name: str, texts: TextCache | None = None) -> torch.Tensor:
    """Run a tiny pipeline to its latents through the hook."""
    hook = PipelineHook(
        generator=torch.Generator().manual_seed(0),
        start=Fresh(),
        texts=texts,
        before_step=lambda: None,
        after_step=lambda _: None,
    )
    session: Any = hook.open(pipe)
    frames: torch.Tensor = session(
        **TINY[name].arguments(), **hook.callback(), generator=hook.generator
    ).frames
    return frames


# Plans


@pytest.mark.parametrize("where", ["model offload", "group offload"])
@pytest.mark.parametrize("name", ["pocket-like", "wan-unipc", "ltx"])
def test_offload_gives_the_same_latents(name: str, where: Any, tmp_path: Path) -> None:
    """From the CPU to the CPU: the hooks are the real ones, only the places are alike."""
    pipe = TINY[name].build()
    wanted = session(pipe, name)
    needed = needs_of(model_card(str(save(name, tmp_path)))).components
    place(pipe, replace(RESIDENT, where=where), needed, "cpu")
    hooked = [m for c in pipe.components.values() if isinstance(c, torch.nn.Module)
              for m in c.modules() if hasattr(m, "_hf_hook") or hasattr(m, "_diffusers_hook")]  # fmt: skip
    assert hooked
    assert torch.equal(session(pipe, name), wanted)
    pipe.maybe_free_model_hooks()
    assert torch.equal(session(pipe, name), wanted)


def test_fp8_keeps_the_denoisers_weights_in_a_byte(
    cards: list[ModelCard], ledger: Ledger
) -> None:
    """It changes the clip a little, and both the note and the recipe say so."""
    card = cards[0]
    exact = run(Renderer(), job(ledger, take(card)))
    renderer = Renderer()
    small = load(card, replace(RESIDENT, weights="fp8"))
    renderer.shelf._kept.append(small)
    renderer.shelf._users["test"] = small  # or it would be put better: there is room
    with Ledger(ledger.folder.parent / "other") as other:
        made = run(renderer, job(other, take(card)))
        assert made["message"].startswith(
            "resident, the denoiser's weights kept in fp8"
        )
        assert made["video"] != exact["video"]
        recipe = read_recipe(other.path(made["video"]))
        frames = [read_video(store.path(facts["video"]))[0].astype(float)
                  for store, facts in ((ledger, exact), (other, made))]  # fmt: skip
    assert recipe is not None
    assert recipe["approximations"] == ["the denoiser's weights kept in fp8"]
    assert "approximations" not in (read_recipe(ledger.path(exact["video"])) or {})
    assert abs(frames[0] - frames[1]).mean() < 12
    loaded = renderer.shelf.kept[0]
    kept = {p.dtype for p in loaded.pipe.transformer.blocks.parameters()}
    assert torch.float8_e4m3fn in kept


@pytest.mark.skipif(
    model_cache.here().value_bytes == 2, reason="this CPU renders in bf16"
)
def test_a_tight_budget_renders_in_bf16(cards: list[ModelCard], ledger: Ledger) -> None:
    renderer = Renderer(memory_bytes=budget(cards[0], 1) - 100_000)
    made = run(renderer, job(ledger, take(cards[0])))
    assert made["message"].startswith("resident, in bf16, slow on this CPU")
    loaded = renderer.shelf.kept[0]
    assert loaded.pipe.transformer.patch_embedding.weight.dtype == torch.bfloat16


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(
    cards: list[ModelCard], ledger: Ledger
) -> None:
    work = job(ledger, take(cards[0]))
    with pytest.raises(JobFailed, match=r"needs at least .*: ask") as no:
        run(Renderer(memory_bytes=10_000), work)
    assert "\n" not in str(no.value)
    assert ledger.jobs.get(work.id).message == str(no.value)


def test_int8_weights(cards: list[ModelCard]) -> None:
    pytest.importorskip("torchao")
    placements = RESIDENT, replace(RESIDENT, weights="int8-torchao")
    exact, small = (session(load(cards[0], p).pipe, "pocket-like") for p in placements)
    assert 0 < (exact - small).norm() / exact.norm() < 0.05


# Decoding


def small_memory(vae: Any, most: int, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let a VAE's decoder run out of memory where a latent picture is wider than `most`."""
    seen: list[Any] = []
    whole = type(vae.decoder).forward

    def forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        seen.append((x.shape[-1], x.dtype))
        if x.shape[-1] > most and x.dtype != torch.float32:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, x, *args, **kwargs)

    monkeypatch.setattr(type(vae.decoder), "forward", forward)
    return seen


@pytest.fixture
def vae() -> Any:
    """Wan's VAE in bf16, whose tiles are four latents wide."""
    made = TINY["wan-unipc"].build().vae.to(torch.bfloat16)
    made.enable_tiling(32, 32, 24, 24)
    made.disable_tiling()
    decode.give_ladder(made)
    return made


@torch.inference_mode()
def test_decoding_goes_down_the_ladder(
    vae: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    latents = torch.randn(1, 16, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    latents = latents.bfloat16()
    whole = vae.decode(latents).sample
    assert decode.decoded(vae) == decode.WHOLE
    with monkeypatch.context() as patch:
        seen = small_memory(vae, 4, patch)
        tiled = vae.decode(latents).sample
        assert decode.decoded(vae) == decode.TILED
        assert [width for width, _ in seen][:2] == [8, 4]
    with monkeypatch.context() as patch:
        seen = small_memory(vae, 1, patch)
        on_cpu = vae.decode(latents, return_dict=False)[0]
        assert decode.decoded(vae) == decode.ON_CPU
        assert seen[-1][1] == torch.float32
    for picture in (tiled, on_cpu):
        assert picture.shape == whole.shape
        assert (picture.float() - whole.float()).abs().mean() < 0.1
    # And up again, as it was.
    assert torch.equal(vae.decode(latents).sample, whole)
    assert decode.decoded(vae) == decode.WHOLE
    assert vae.dtype == torch.bfloat16
    assert not vae.use_tiling


@torch.inference_mode()
def test_the_cpu_rung_passes_an_offload_hook_by(
    vae: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate import cpu_offload_with_hook

    cpu_offload_with_hook(vae, "cpu")
    hook = vae._hf_hook
    small_memory(vae, 1, monkeypatch)
    latents = torch.zeros(1, 16, 1, 8, 8, dtype=torch.bfloat16)
    assert vae.decode(latents).sample.dtype == torch.float32
    assert vae._hf_hook is hook


@torch.inference_mode()
def test_a_vae_that_overflows_in_fp16_decodes_in_fp32(vae: Any) -> None:
    vae.half()
    vae.decoder.conv_in.weight.fill_(100)
    latents = torch.full((1, 16, 1, 8, 8), 100, dtype=torch.float16)
    inside: list[bool] = []
    vae.decoder.conv_in.register_forward_hook(
        lambda _, __, made: inside.append(bool(made.isfinite().all()))
    )
    made = vae.decode(latents).sample
    assert inside == [False, True]
    assert made.isfinite().all()
    assert decode.decoded(vae) == "decoded in fp32"
    assert vae.dtype == torch.float16
    vae.decoder.conv_in.weight.fill_(0.01)
    vae.decode(latents)
    assert decode.decoded(vae) == decode.WHOLE


@torch.inference_mode()
def test_another_error_stays_itself(vae: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def forward(*_: Any, **__: Any) -> Any:
        calls.append(1)
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(type(vae.decoder), "forward", forward)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        vae.decode(torch.zeros(1, 16, 1, 8, 8, dtype=torch.bfloat16))
    assert calls == [1]


def test_the_cpus_allocator_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**46)
    assert decode.out_of_memory(caught.value)
    assert not decode.out_of_memory(RuntimeError("shapes"))


def test_a_clip_decoded_in_tiles_says_so(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = Renderer()
    card = model_card(str(save("wan-unipc", tmp_path / "model")))
    asked = take(card, height=64, width=64, num_frames=5, seed=5)
    with Ledger(ledger.folder.parent / "other") as other:
        exact = run(renderer, job(other, asked))
    vae = renderer.shelf.kept[0].pipe.vae
    vae.enable_tiling(32, 32, 24, 24)
    vae.disable_tiling()
    whole = type(vae.decoder).forward

    def forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if x.shape[-1] > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, x, *args, **kwargs)

    monkeypatch.setattr(type(vae.decoder), "forward", forward)
    made = run(renderer, job(ledger, asked))
    assert made["message"] == "decoded in tiles"
    assert made["latents"] == exact["latents"]
    recipe = read_recipe(ledger.path(made["video"])) or {}
    assert recipe["approximations"] == ["decoded in tiles"]


# Texts


# Others of the same class; HunyuanVideo reads its picture with the words, so nothing is
# kept; Framepack returns a list of sections.
OTHER_TEXTS = ("wan-euler", "wan-dpm", "cogvideox-dpm", "hunyuan-i2v", "framepack")


@pytest.mark.parametrize("name", [n for n in TINY if n not in OTHER_TEXTS])
def test_a_text_is_encoded_once_and_the_clip_is_the_same(name: str) -> None:
    pipe, texts = TINY[name].build(), TextCache()
    encoders = [c for n, c in pipe.components.items() if n.startswith("text_encoder")]
    calls: list[int] = []
    for encoder in encoders:
        encoder.register_forward_hook(lambda *_: calls.append(1))
    wanted = session(pipe, name)
    in_one = len(calls)
    assert in_one >= len(encoders)
    assert torch.equal(session(pipe, name, texts), wanted)
    encoded = texts.misses  # some families ask for the negative prompt by itself
    assert bool(encoded) == bool(encoders)
    for again in (1, 2):
        assert torch.equal(session(pipe, name, texts), wanted)
        assert (texts.hits, texts.misses) == (again * encoded, encoded)
    assert len(calls) == 2 * in_one


def test_other_words_are_other_texts() -> None:
    texts = TextCache()
    given = {"prompt": "a", "device": torch.device("cpu"), "max_sequence_length": 8}
    ones, twos = torch.ones(2), torch.ones(2) * 2
    assert torch.equal(texts.get(given, lambda: ones), ones)
    for change in (
        {"prompt": "b"},
        {"max_sequence_length": 9},
        {"negative_prompt": "a"},
    ):
        assert torch.equal(texts.get(given | change, lambda: twos), twos)
    found = texts.get(given, lambda: twos)
    assert torch.equal(found, ones)
    found += 5  # a pipeline may write into what it got
    assert torch.equal(texts.get(given, lambda: twos), torch.ones(2))
    assert (texts.hits, texts.misses) == (2, 4)


def test_what_is_no_text_is_not_kept() -> None:
    texts = TextCache()
    image = torch.zeros(3)
    for value in (1, 2):
        made = texts.get(
            {"prompt": "a", "image": [image]}, partial(torch.tensor, value)
        )
        assert made == value
    assert (texts.hits, texts.misses) == (0, 0)


def test_the_least_recently_used_text_goes_first() -> None:
    texts = TextCache(most_bytes=2 * 4 * 4)
    for prompt in ("a", "b", "a", "c", "a", "b"):
        texts.get({"prompt": prompt}, lambda: (torch.zeros(4), None))
    # a: found twice; b went when c came.
    assert (texts.hits, texts.misses) == (2, 4)


def test_texts_are_safe_in_threads() -> None:
    texts = TextCache(most_bytes=5 * 4)
    wrong: list[int] = []

    def work() -> None:
        for number in list(range(10)) * 50:
            made = texts.get(
                {"n": number}, partial(torch.tensor, [number], dtype=torch.int32)
            )
            if made != number:
                wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert texts.hits + texts.misses == 2000


# The shelf


def budget(card: ModelCard, num_models: int) -> int:
    """Memory for so many of these models, and a job on one of them."""
    needs = needs_of(card)
    value_bytes = model_cache.here().value_bytes
    weights = needs.values * value_bytes
    return int((num_models * weights + needs.work_bytes(value_bytes)) / 0.9) + 1000


def names(kept: Shelf) -> list[str]:
    return [Path(one.card.name).name for one in kept.kept]


def test_two_models_stay_and_the_least_recently_used_goes(
    cards: list[ModelCard],
) -> None:
    a, b, c = cards
    kept = Shelf(budget(a, 2))
    first = kept.get(a)
    kept.get(b)
    assert names(kept) == ["a", "b"]
    assert kept.get(a) is first
    assert names(kept) == ["b", "a"]
    kept.get(c)
    assert names(kept) == ["a", "c"]
    assert kept.get(a) is first


def test_without_room_for_two_one_stays(
    cards: list[ModelCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, _ = cards
    kept = Shelf(budget(a, 1))
    old = weakref.ref(kept.get(a).pipe.transformer)
    gone = []

    def loading(card: ModelCard, placement: Placement) -> Loaded:
        gone.append(old() is None)
        return load(card, placement)

    monkeypatch.setattr(model_cache, "load", loading)
    kept.get(b)
    assert names(kept) == ["b"]
    assert gone == [True]  # before the new one comes, not after


def test_a_model_in_use_stays(cards: list[ModelCard]) -> None:
    a, b, c = cards
    kept = Shelf(budget(a, 2))
    kept.get(a, user="job")
    kept.get(b)
    kept.get(c)
    assert names(kept) == ["a", "c"]
    kept.get(c, user="another job")
    # Smaller weights would fit, but what runs beside must not change a clip.
    with pytest.raises(JobFailed, match="beside the model that is rendering now: ask"):
        kept.get(b)
    kept.leave("job")
    kept.get(b)
    assert names(kept) == ["c", "b"]


def test_a_model_is_put_better_when_there_is_room(cards: list[ModelCard]) -> None:
    kept = Shelf()
    kept._kept.append(load(cards[0], replace(RESIDENT, weights="fp8")))
    assert kept.get(cards[0]).placement.is_best
    assert names(kept) == ["a"]


def test_a_larger_clip_makes_room_for_itself(cards: list[ModelCard]) -> None:
    a, b, _ = cards
    kept = Shelf(budget(a, 2))
    kept.get(a)
    first = kept.get(b)
    needs = needs_of(b)
    weights = needs.values * model_cache.here().value_bytes
    more = needs.decode_bytes + 2 * int(0.9 * weights / model_cache.here().value_bytes)
    assert kept.get(b, replace(needs, decode_bytes=more)) is first
    assert names(kept) == ["b"]


def test_new_weights_take_the_place_of_the_old(tmp_path: Path) -> None:
    folder = save("pocket-like", tmp_path / "model")
    kept = Shelf()
    old = kept.get(model_card(str(folder)))
    (folder / "defaults.json").write_text(DEFAULTS)
    new = kept.get(model_card(str(folder)))
    assert new is not old
    assert kept.kept == (new,)


def test_the_device_is_what_torch_and_the_machine_say() -> None:
    device = model_cache.here()
    assert device.kind == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.free_bytes > 0
    assert choose(needs_of(model_card("pocket")), device) is not None


@pytest.mark.parametrize("part", ["", "vae", "text_encoder"])
def test_weights_that_are_there_in_fp16_alone_are_loaded(
    part: str, tmp_path: Path
) -> None:
    folder = save("wan-unipc", tmp_path / "model")
    plain = Renderer().shelf.get(model_card(str(folder))).pipe
    for path in folder.glob(f"{part or '*'}/*.safetensors"):
        path.rename(path.with_suffix(".fp16.safetensors"))
    found = Renderer().shelf.get(model_card(str(folder))).pipe
    for name, model in plain.components.items():
        if isinstance(model, torch.nn.Module):
            other = found.components[name].state_dict()
            assert all(torch.equal(v, other[k]) for k, v in model.state_dict().items())
