// One take on the stage: a place that is the same size from queued to playing.

import type { Channel } from "./channel";
import type { Clip } from "./deck";
import { h, setText } from "./dom";
import { fileOf, isStill } from "./file";
import { isCounted } from "./text";
import type { JobState, TakeView } from "./wire";

/** A new preview is fetched at most this often, and only for a step not yet seen. */
export const PREVIEW_MS = 250;

interface Place {
  zoom: number;
  /** Small clips are enlarged to this width and height, */
  small: readonly [number, number];
  /** and large ones are reduced to these. */
  large: readonly [number, number];
}

const SINGLE: Place = { zoom: 5, small: [400, 320], large: [788, 444] };

/** How many takes stand in a row. */
export function columnsOf(numTakes: number): number {
  if (numTakes === 4) return 2;
  return Math.min(numTakes, numTakes > 9 ? 4 : 3);
}

function placeOf(numTakes: number): Place {
  if (numTakes === 1) return SINGLE;
  const columns = columnsOf(numTakes);
  const share = (width: number) => (width - 8 * (columns - 1)) / columns;
  const small = share(504);
  return { zoom: 3.5, small: [small, small], large: [share(788), 220] };
}

interface Hooks {
  index: number;
  channel: Channel;
  onSelect: () => void;
  onClip: (clip: Clip) => void;
  onStill: () => void;
}

export class Tile {
  readonly el = h("div", { class: "nba-tile" });
  /** The finished file, once it is here; its draft until then. */
  file: Blob | undefined;
  #video = h("video", { playsinline: true, preload: "auto", hidden: true });
  #preview = h("img", { alt: "", hidden: true });
  #veil = h("div", { class: "nba-veil" });
  #bar = h("div", { class: "nba-bar", hidden: true }, h("i"));
  #chip = h("span");
  #pick = h("button", { type: "button", class: "nba-pick" }, this.#chip);
  #hooks: Hooks;
  #take: TakeView | undefined;
  #onScreen = false;
  #previewStep = 0;
  #fetching = false;
  #asked: Stage = "none";
  #mounted: Stage = "none";
  #slow = false;
  #error = "";
  #sight = new IntersectionObserver((seen) => {
    this.#onScreen = seen.some((entry) => entry.isIntersecting);
    this.#fetchPreview();
  });

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
    this.#video.muted = true;
    this.el.append(this.#video, this.#preview, this.#bar, this.#pick, this.#veil);
    this.#pick.addEventListener("click", hooks.onSelect);
    this.#sight.observe(this.el);
  }

  update(take: TakeView, numTakes: number, selected: boolean): void {
    this.#take = take;
    this.el.dataset.state = take.state;
    this.el.classList.toggle("nba-selected", selected && numTakes > 1);
    this.#size(take, placeOf(numTakes));
    this.#pick.hidden = numTakes === 1;
    setText(this.#chip, take.name);
    this.#pick.setAttribute("aria-pressed", String(selected));
    const key = String(this.#hooks.index + 1);
    this.#pick.setAttribute("aria-keyshortcuts", key);
    this.#pick.title = `Select ${take.name} (${key})`;
    this.#showBar(take);
    this.#showVeil();
    // A lone take that ended without a picture leaves no empty place behind.
    const ended = take.state === "failed" || take.state === "cancelled";
    this.el.hidden = numTakes === 1 && ended && Boolean(this.#preview.hidden);
    const stage = stageOf(take);
    if (stage !== "none" && stage !== this.#asked) this.#fetchClip(take);
    this.#fetchPreview();
  }

  remove(): void {
    this.#sight.disconnect();
    this.#forgetPreview();
    this.el.remove();
  }

  #size(take: TakeView, { zoom, small, large }: Place): void {
    const width = take.width || 1;
    const height = take.height || 1;
    const up = Math.min(zoom, small[0] / width, small[1] / height);
    const down = Math.min(1, large[0] / width, large[1] / height);
    const scale = Math.max(up, down);
    this.el.style.setProperty("--width", `${Math.round(width * scale)}px`);
    this.el.style.aspectRatio = `${width} / ${height}`;
    this.el.style.setProperty("--ratio", String(width / height));
  }

  #showBar(take: TakeView): void {
    const { state, phase, step, num_steps } = take;
    this.#bar.hidden = state !== "running";
    const loads = phase === "load" && step > 0; // a download, counted in MB
    const counted = loads || (phase !== "load" && phase !== "encode" && phase !== null);
    this.#bar.classList.toggle("nba-unknown", !counted);
    const part = isCounted(phase) || loads ? step / Math.max(1, num_steps) : 1;
    this.#bar.style.setProperty("--part", counted ? String(part) : "0.3");
  }

  #showVeil(): void {
    const take = this.#take;
    if (!take) return;
    if (this.#error || this.#slow) {
      const again = h("button", { type: "button", class: "nba-retry" }, "Try again");
      again.addEventListener("click", () => this.#fetchClip(take));
      const text = this.#error || "kernel not reachable";
      this.#veil.replaceChildren(h("span", {}, text), again);
      return;
    }
    const text = veilText(
      take.state,
      Boolean(this.#video.hidden && this.#preview.hidden),
    );
    if (this.#veil.textContent !== text || this.#veil.querySelector("button")) {
      this.#veil.replaceChildren(...(text ? [h("span", {}, text)] : []));
    }
  }

  async #fetchClip(take: TakeView): Promise<void> {
    const stage = stageOf(take);
    this.#asked = stage;
    this.#slow = false;
    this.#error = "";
    this.#showVeil();
    const body = { type: "get_clip", index: this.#hooks.index } as const;
    try {
      const { bytes } = await this.#hooks.channel.request(body, () => {
        this.#slow = this.#mounted !== stage;
        this.#showVeil();
      });
      if (!bytes) throw new Error("the kernel sent an empty clip");
      // A draft that comes late, after its final was asked for, is not shown.
      if (this.#asked === stage && this.#mounted !== stage) {
        this.#mounted = stage;
        this.#mount(take, bytes);
      }
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
    this.#slow = false;
    this.#showVeil();
  }

  #mount(take: TakeView, bytes: DataView): void {
    this.file = fileOf(bytes);
    if (isStill(this.file)) {
      this.#showPreview(bytes);
      this.#hooks.onStill();
      return;
    }
    const video = this.#video;
    URL.revokeObjectURL(video.src);
    video.onloadeddata = () => {
      video.hidden = false;
      this.#forgetPreview();
      this.#showVeil();
      const { fps, num_frames: numFrames } = take;
      this.#hooks.onClip({ video, fps, numFrames });
    };
    video.onerror = () => {
      this.#error = video.src
        ? "this browser cannot play the clip; save it instead"
        : "";
      this.#showVeil();
    };
    video.src = URL.createObjectURL(this.file);
  }

  async #fetchPreview(): Promise<void> {
    const take = this.#take;
    const wanted =
      take?.state === "running" &&
      this.#mounted === "none" &&
      this.#onScreen &&
      take.step > this.#previewStep;
    if (!wanted || this.#fetching || document.hidden) return;
    this.#fetching = true;
    this.#previewStep = take.step;
    const body = { type: "get_preview", index: this.#hooks.index } as const;
    const pause = new Promise((resolve) => setTimeout(resolve, PREVIEW_MS));
    try {
      const { bytes } = await this.#hooks.channel.request(body);
      if (bytes && this.#video.hidden) this.#showPreview(bytes);
    } catch {
      // A preview is a courtesy: without one the bar still says how far it is.
    }
    await pause;
    this.#fetching = false;
    this.#fetchPreview();
  }

  #showPreview(bytes: DataView): void {
    URL.revokeObjectURL(this.#preview.src);
    const image = new Blob([bytes as DataView<ArrayBuffer>], { type: "image/webp" });
    this.#preview.src = URL.createObjectURL(image);
    this.#preview.hidden = false;
    this.#showVeil();
  }

  #forgetPreview(): void {
    URL.revokeObjectURL(this.#preview.src);
    this.#preview.removeAttribute("src");
    this.#preview.hidden = true;
  }
}

/** What of a take can be played. */
type Stage = "none" | "draft" | "final";

function stageOf(take: TakeView): Stage {
  if (take.state === "done") return "final";
  return take.has_draft ? "draft" : "none";
}

function veilText(state: JobState, isWaiting: boolean): string {
  if (state === "done") return isWaiting ? "fetching the clip" : "";
  return state === "running" ? "" : state;
}
