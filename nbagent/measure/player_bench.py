"""How soon the player shows a clip, and how exactly it seeks, in a real browser.

The built player runs on an empty page, and a model in the page answers for the kernel:
it fetches the clip from a server of this machine when it is asked. Each frame has its
number in the picture, eight black or white blocks along its top, and what the page
shows is read back from there.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nbagent import media
from nbagent.measure.chromium import chromium
from nbagent.models.cards import model_card
from nbagent.notebook.border import asset

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NUM_SEEKS = 200
_BITS = 8
_SEED = 7
_FILES = ("player.js", "player.css", "tools.js", "tools.css")

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One clip; `grain` is how much of its pixels is noise, which no codec can shrink."""

    name: str
    num_frames: int
    height: int
    width: int
    fps: float
    grain: int = 0


def player(rounds: int) -> dict[str, Any]:
    """Open three clips, `rounds` times in turns; seek in each, and look what is shown."""
    card = model_card("pocket")
    samples = (
        Sample(
            name="pocket",
            num_frames=card.num_frames,
            height=card.height,
            width=card.width,
            fps=card.fps,
        ),
        Sample(name="480p", num_frames=121, height=480, width=832, fps=24.0),
        Sample(name="30mb", num_frames=190, height=480, width=832, fps=24.0, grain=80),
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in _FILES:
            shutil.copy(asset(name), home)
        (home / "index.html").write_text("<!doctype html><body></body>")
        for sample in samples:
            frames = numbered_frames(sample)
            media.write_video(home / f"{sample.name}.mp4", frames, sample.fps, None)
        with _served(home) as url, chromium() as browser:
            # One that is not counted: the browser starts its decoder with the first.
            _measure(browser, url, samples[0], 0)
            opened = [
                [_measure(browser, url, sample, 0) for sample in samples]
                for _ in range(rounds)
            ]
            figures: dict[str, Any] = {}
            for sample, *runs in zip(samples, *opened, strict=True):
                seeks = _measure(browser, url, sample, NUM_SEEKS)["seeks"]
                size = (home / f"{sample.name}.mp4").stat().st_size
                figures |= _figures(sample, seeks, runs, size)
    return {**figures, "seeks": NUM_SEEKS, "rounds": rounds}


def numbered_frames(sample: Sample) -> Frames:
    """Draw a gradient that moves, numbered; (F, H, W, 3) uint8."""
    num_frames, height, width = sample.num_frames, sample.height, sample.width
    rng = np.random.default_rng(_SEED)
    y, x = np.mgrid[0:height, 0:width]
    block = width // _BITS
    frames = np.empty((num_frames, height, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[..., 0] = 64 + (x * 128 // width + number * 4) % 128
        frame[..., 1] = 64 + y * 128 // height
        frame[..., 2] = 128
        if sample.grain:
            noise = rng.integers(-sample.grain, sample.grain, (height, width, 1))
            frame[:] = np.clip(frame + noise, 0, 255)
        for bit in range(_BITS):
            lit = 255 if number >> bit & 1 else 0
            frame[:block, bit * block : (bit + 1) * block] = lit
    return frames


def _figures(
    sample: Sample, seeks: list[dict[str, Any]], runs: list[dict[str, Any]], size: int
) -> dict[str, Any]:
    latencies = [seek["ms"] for seek in seeks]
    fetched, shown = (
        statistics.median(run[what] for run in runs)
        for what in ("fetch_ms", "first_frame_ms")
    )
    figures = {
        "mb": round(size / 1e6, 3),
        "frames": sample.num_frames,
        "first_frame_ms": round(shown),
        "of_it_fetching_ms": round(fetched),
        "seek_ms": round(statistics.median(latencies), 1),
        "seek_p95_ms": round(float(np.quantile(latencies, 0.95)), 1),
        "seek_max_ms": round(max(latencies), 1),
        "exact": sum(seek["shown"] == seek["asked"] for seek in seeks),
    }
    return {f"{sample.name}_{key}": value for key, value in figures.items()}


def _measure(
    browser: Browser, url: str, sample: Sample, num_seeks: int
) -> dict[str, Any]:
    rng = np.random.default_rng(_SEED)
    # Never the frame that is there already: from one to the last place further on.
    steps = rng.integers(1, sample.num_frames, num_seeks)
    frames = np.cumsum(steps) % sample.num_frames
    take = {
        "name": "c1",
        "state": "done",
        "phase": None,
        "step": 10,
        "num_steps": 10,
        "elapsed_s": 2,
        "eta_s": None,
        "message": "",
        "fps": sample.fps,
        "num_frames": sample.num_frames,
        "width": sample.width,
        "height": sample.height,
        "seed": _SEED,
        "prompt": "a gradient",
        "model": "none",
        "quality": "final",
    }
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    try:
        page.goto(url)
        argument = {
            "file": f"{sample.name}.mp4",
            "take": take,
            "frames": frames.tolist(),
        }
        measured: dict[str, Any] = page.evaluate(_PAGE, argument)
        return measured
    finally:
        page.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""
    handler: Callable[..., _Quiet] = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html"
        finally:
            server.shutdown()
            thread.join()


_PAGE = """async ({ file, take, frames }) => {
  const listeners = new Set();
  let fetch_ms = 0;
  const bytes = async (name) =>
    new DataView(await (await fetch(name, { cache: "no-store" })).arrayBuffer());
  const answer = async ({ type, id }) => {
    const reply = (type, buffers) => {
      for (const one of [...listeners]) one({ type, id }, buffers);
    };
    if (type === "get_clip") {
      const began = performance.now();
      const clip = await bytes(file);
      fetch_ms = performance.now() - began;
      reply("clip", [clip]);
    }
    else if (type === "get_tools")
      reply("tools", [await bytes("tools.js"), await bytes("tools.css")]);
    else reply("selected", []);
  };
  const state = {
    takes: [take], request: "a gradient", note: "", turn_state: "done",
    follow_ups: [], time: 0,
  };
  const model = {
    widget_manager: {},
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    on: (event, one) => event === "msg:custom" && listeners.add(one),
    off: (event, one) => listeners.delete(one),
    send: (request) => void answer(request),
  };
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = "player.css";
  document.head.append(sheet);
  await new Promise((resolve) => sheet.addEventListener("load", resolve));
  const { default: player } = await import(new URL("player.js", location.href));
  const el = document.createElement("div");
  document.body.append(el);

  const start = performance.now();
  player.render({ model, el, signal: new AbortController().signal });
  const video = el.querySelector("video");
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  while (video.hidden) await frame();
  await frame();
  const first_frame_ms = performance.now() - start;

  const canvas = document.createElement("canvas");
  canvas.width = 8;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shown = () => {
    const block = video.videoWidth / 8;
    let number = 0;
    for (let bit = 0; bit < 8; bit++) {
      const [left, top] = [(bit + 0.5) * block - 1, block / 2 - 1];
      context.drawImage(video, left, top, 2, 2, bit, 0, 1, 1);
      if (context.getImageData(bit, 0, 1, 1).data[0] > 127) number |= 1 << bit;
    }
    return number;
  };
  const scrub = el.querySelector(".nba-scrub");
  // It plays: hold it at its first frame, and let what is still on its way be shown.
  scrub.value = "0";
  scrub.dispatchEvent(new Event("input"));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const seeks = [];
  for (const asked of frames) {
    const painted = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const patience = new Promise((resolve) => setTimeout(resolve, 10_000));
    const began = performance.now();
    scrub.value = String(asked);
    scrub.dispatchEvent(new Event("input"));
    await Promise.race([painted, patience]);
    seeks.push({ asked, shown: shown(), ms: performance.now() - began });
  }
  return { fetch_ms, first_frame_ms, seeks };
}"""
