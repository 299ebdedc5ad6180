// One take on the stage: a place that is the same size from queued to playing.

import type { Channel } from "./channel";
import type { Clip } from "./deck";
import { h, icon, setText } from "./dom";
import { fileOf, isStill } from "./file";
import { isCounted, type Sign, signOf } from "./text";
import type { TakeView } from "./wire";

/** A new preview is fetched at most this often, and only for a step not yet seen. */
export const PREVIEW_MS = 250;

/** How a poster begins, of the clip that a take is made from; a preview is a webp. */
const JPEG = 0xffd8;

type Room = readonly [width: number, height: number];

const HERO: Room = [420, 236];
const STRIP: Room = [96, 64];
const MAX_ZOOM = 5;

const SIGNS: Record<Sign, string> = {
  wait: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm.8 3v3.7l2.6 1.5-.8 1.4-3.3-2V4z",
  load: "M7 1h2v6h3l-4 4.5L4 7h3zM2 13h12v2H2z",
  make: "M8 1l1.6 4.4L14 7l-4.4 1.6L8 13l-1.6-4.4L2 7l4.4-1.6z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  stop: "M3.5 3.5h9v9h-9z",
  fail: "M8 1l7.5 13.5H.5zM7.2 6v4.2h1.6V6zm0 5.2v1.6h1.6v-1.6z",
};

/** How a take stands on the stage. */
export interface Standing {
  numTakes: number;
  isSelected: boolean;
  /** Whether the takes are scenes and their film: one is large, the others a strip. */
  isStory: boolean;
}

/** How many takes stand in a row. */
export function columnsOf(numTakes: number): number {
  if (numTakes === 4) return 2;
  return Math.min(numTakes, numTakes > 9 ? 4 : 3);
}

/** The most room that a take has: a card of one is under 300 pixels high. */
function roomOf(numTakes: number): Room {
  if (numTakes === 1) return HERO;
  return numTakes === 2 ? [200, 200] : [180, numTakes > 9 ? 110 : 150];
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
  #isAsked = false;
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

  update(take: TakeView, { numTakes, isSelected, isStory }: Standing): void {
    this.#take = take;
    this.el.dataset.state = take.state;
    this.el.classList.toggle("nba-selected", isSelected && numTakes > 1);
    this.#size(take, isStory ? (isSelected ? HERO : STRIP) : roomOf(numTakes));
    this.#pick.hidden = numTakes === 1 || (isStory && isSelected);
    setText(this.#chip, isStory && !take.is_scene ? "film" : take.name);
    this.#pick.setAttribute("aria-pressed", String(isSelected));
    const key = String(this.#hooks.index + 1);
    this.#pick.setAttribute("aria-keyshortcuts", key);
    this.#pick.title = `Select ${take.name} (${key})`;
    this.#showBar(take);
    this.#showVeil();
    const stage = stageOf(take);
    if (stage !== "none" && stage !== this.#asked) this.#fetchClip(take);
    this.#fetchPreview();
  }

  remove(): void {
    this.#sight.disconnect();
    this.#forgetPreview();
    this.el.remove();
  }

  #size(take: TakeView, [wide, high]: Room): void {
    const width = take.width || 1;
    const height = take.height || 1;
    const scale = Math.min(MAX_ZOOM, wide / width, high / height);
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
    const isSeen = !this.#video.hidden || !this.#preview.hidden;
    const isMade = take.state === "done" || take.state === "running";
    const isBefore = isSeen && this.#preview.classList.contains("nba-before");
    const [sign, words] = signOf(take);
    const text = isSeen && isMade && !isBefore ? "" : words;
    this.#veil.classList.toggle("nba-over", isSeen);
    if (this.#veil.dataset.shown === text && !this.#veil.querySelector("button"))
      return;
    this.#veil.dataset.shown = text;
    const signs = [icon(SIGNS[sign]), h("span", {}, text)];
    this.#veil.replaceChildren(...(text ? signs : []));
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
    if (!take || take.state === "done" || this.#mounted !== "none") return;
    const isGoing = take.state === "running";
    // Before its first step there is only the clip that it is made from.
    const isNew = take.step > this.#previewStep || (take.parent && !this.#isAsked);
    const wanted = this.#onScreen && isNew && (isGoing || this.#preview.hidden);
    if (!wanted || this.#fetching || document.hidden) return;
    this.#isAsked = true;
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
    const isBefore = this.file === undefined && bytes.getUint16(0) === JPEG;
    this.#preview.classList.toggle("nba-before", isBefore);
    this.#showVeil();
  }

  #forgetPreview(): void {
    URL.revokeObjectURL(this.#preview.src);
    this.#preview.removeAttribute("src");
    this.#preview.classList.remove("nba-before");
    this.#preview.hidden = true;
  }
}

/** What of a take can be played. */
type Stage = "none" | "draft" | "final";

function stageOf(take: TakeView): Stage {
  if (take.state === "done") return "final";
  return take.has_draft ? "draft" : "none";
}
