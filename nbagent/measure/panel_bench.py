"""What a long conversation costs the panel: 500 turns with 100 clips, in a real browser.

The built panel runs on an empty page, and a model in the page answers for the kernel,
so that what is measured is the panel alone. A conversation of a tenth of the size is
measured beside it: what grows with the conversation shows as a ratio. The panel stands
as JupyterLab docks it, so that the rules of its style sheet for that place take part.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nbagent import media
from nbagent.measure.chromium import chromium
from nbagent.notebook.border import asset

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NUM_TURNS = 500
NUM_CLIPS = 100
STYLE_BOUND_MS = 1.0  # of a frame, for styles alone; the notebook needs the rest
_FRAME_MS = 50  # below twenty frames a second a scroll is felt to stick


def panel(rounds: int) -> dict[str, Any]:
    """Open, scroll and update a long conversation and a short one."""
    source = {
        "script": asset("panel.js").read_text(),
        "style": asset("panel.css").read_text(),
        "clip": base64.b64encode(_clip()).decode(),
    }
    with chromium() as browser:
        runs = [
            _measure(browser, source, NUM_TURNS // part, NUM_CLIPS // part)
            for _ in range(min(rounds, 3))
            for part in (10, 1)
        ]
    short = min(runs[0::2], key=lambda run: run["open_ms"])
    long = min(runs[1::2], key=lambda run: run["open_ms"])
    slow = sum(ms > _FRAME_MS for ms in long["frames_ms"])
    median, usual = (float(np.median(run["frames_ms"])) for run in (long, short))
    style = min(run["style_ms"] for run in runs[1::2])
    return {
        "turns": NUM_TURNS,
        "clips": NUM_CLIPS,
        "open_ms": round(long["open_ms"]),
        "open_ratio_to_a_tenth": round(long["open_ms"] / short["open_ms"], 2),
        "step_ms": round(long["step_ms"], 2),
        "step_ratio_to_a_tenth": round(long["step_ms"] / short["step_ms"], 2),
        "frames_while_scrolling": len(long["frames_ms"]),
        f"frames_over_{_FRAME_MS}_ms": slow,
        "frame_median_ms": round(median, 1),
        "frame_median_ratio_to_a_tenth": round(median / usual, 2),
        "most_players_at_once": long["most_players"],
        "style_ms_a_frame": round(style, 3),
        "style_bound_ms": STYLE_BOUND_MS,
        "style_within_bound": style <= STYLE_BOUND_MS,
        "style_ms_a_frame_while_scrolling": round(
            min(run["scroll_style_ms"] for run in runs[1::2]), 3
        ),
    }


def _measure(
    browser: Browser, source: dict[str, str], num_turns: int, num_clips: int
) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 420, "height": 900})
    try:
        page.set_content(_DOCK)
        opened: dict[str, Any] = page.evaluate(
            _OPEN, {**source, "turns": num_turns, "clips": num_clips}
        )
        style = _Style(page)
        played = page.evaluate(_PLAY)
        style_ms = style.since() / played["frames"]
        scrolled = page.evaluate(_SCROLL)
        scroll_style_ms = style.since() / len(scrolled["frames_ms"])
        return {
            **opened,
            **played,
            **scrolled,
            "style_ms": style_ms,
            "scroll_style_ms": scroll_style_ms,
        }
    finally:
        page.close()


class _Style:
    """How long the browser has worked out styles, by its own count."""

    def __init__(self, page: Page) -> None:
        self._browser = page.context.new_cdp_session(page)
        self._browser.send("Performance.enable")
        self._before_s = self._total_s()

    def since(self) -> float:
        """Return milliseconds since it was last asked."""
        now_s, before_s = self._total_s(), self._before_s
        self._before_s = now_s
        return (now_s - before_s) * 1000

    def _total_s(self) -> float:
        metrics = self._browser.send("Performance.getMetrics")["metrics"]
        named = {metric["name"]: metric["value"] for metric in metrics}
        return float(named["RecalcStyleDuration"])


def _clip() -> bytes:
    frames = np.zeros((16, 64, 64, 3), np.uint8)
    frames[..., 0] = np.linspace(0, 255, 16, dtype=np.uint8)[:, None, None]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        media.write_video(path, frames, 8.0, None)
        return path.read_bytes()


# What JupyterLab puts around a docked panel.
_DOCK = """<body><div class="lm-Widget jupyterlab-sidecar"><div class="jp-OutputArea">
<div class="jp-OutputArea-child"><div class="jp-OutputPrompt"></div>
<div class="jp-OutputArea-output"><div id="place"></div></div></div></div></div></body>"""

_OPEN = """async ({ script, style, clip, turns, clips }) => {
  const bytes = Uint8Array.from(atob(clip), (sign) => sign.charCodeAt(0));
  const take = (name, state) => ({
    name, state, phase: null, step: 0, num_steps: 10, elapsed_s: 2, eta_s: null,
    message: "", fps: 8, num_frames: 16, width: 64, height: 64, seed: 7,
    prompt: "a red ball, beach, sunset", model: "pocket", quality: "final",
  });
  const every = turns / clips;
  const thread = [...Array(turns).keys()].map((at) => ({
    id: at + 1, place: at + 1, origin: at % 2 ? "cell" : "panel", options: "",
    words: `turn ${at + 1}: a red ball crosses the beach at sunset`, state: "done",
    answer: at % every ? "c1: a red ball, 16 frames, seed 7 and so on. ".repeat(4) : "",
    error: "", note: "", readings: [],
    takes: at % every ? [] : [take(`c${at / every + 1}`, "done")],
  }));
  const listeners = new Set();
  const tell = (message, buffers = []) => {
    for (const one of [...listeners]) one(message, buffers);
  };
  const answer = ({ type, id }) => {
    if (type === "get_thread")
      tell({ type: "thread", id, turns: thread, queue: [], model: "pocket", marks: [] });
    else if (type === "get_clip")
      tell({ type: "clip", id }, [new DataView(bytes.buffer.slice(0))]);
  };
  const model = {
    widget_manager: {},
    on: (event, one) => event === "msg:custom" && listeners.add(one),
    off: (event, one) => listeners.delete(one),
    send: (request) => setTimeout(() => answer(request)),
  };
  const sheet = document.createElement("style");
  sheet.textContent = `${style} .nba-panel { height: 880px !important; }`;
  document.head.append(sheet);
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: panel } = await import(url);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const el = document.querySelector("#place");
  const start = performance.now();
  panel.render({ model, el, signal: new AbortController().signal });
  while (el.querySelectorAll(".nba-turn").length < turns) await frame();
  await frame();
  const open_ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 500));
  const last = thread[turns - every];
  Object.assign(window, { el, tell, last, frame });
  return { open_ms };
}"""

# Steps of a render one after the other, then one a frame.
_PLAY = """async () => {
  const began = performance.now();
  const go = (step) => {
    const running = { ...last.takes[0], state: "running", phase: "denoise", step };
    tell({ type: "take", turn: last.id, state: "running", index: 0, take: running });
  };
  for (let step = 1; step <= 50; step++) go(step);
  const step_ms = (performance.now() - began) / 50;
  let frames = 0;
  for (; frames < 200; frames++) {
    go(frames % 50);
    await frame();
  }
  tell({ type: "turn", turn: last });
  return { step_ms, frames };
}"""

_SCROLL = """async () => {
  const scroll = el.querySelector(".nba-thread .nba-scroll");
  const frames_ms = [];
  let most_players = 0;
  let before = await frame();
  // A page of the conversation at a time, as fast as a wheel that is spun.
  for (let count = 0; scroll.scrollTop > 0 && count < 400; count++) {
    scroll.scrollTop -= 300;
    const now = await frame();
    frames_ms.push(now - before);
    before = now;
    const players = el.querySelectorAll(".nba-player").length;
    most_players = Math.max(most_players, players);
  }
  return { frames_ms, most_players };
}"""
