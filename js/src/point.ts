// Pointing at a part: a span of the time line, a region of the picture.

import { h, setText } from "./dom";
import type { Host } from "./host";
import {
  ALL,
  type Region,
  type Selection,
  type Selections,
  selectionText,
} from "./selections";
import {
  boxFrom,
  CORNERS,
  type Corner,
  frameAt,
  moved,
  placeOf,
  spanOf,
} from "./shares";
import type { Tool } from "./toolbox";

const STEP = 0.02; // of the frame, for each press of an arrow
const TIME = ", over the line for a time";
const MIDDLE: Region = [0.25, 0.25, 0.75, 0.75];
const ARROWS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export class Point implements Tool {
  isOpen = false;
  #host: Host;
  #below: HTMLElement;
  #selections: Selections;
  #draft: Selection = ALL;
  #pad = h("div", { class: "nba-pad" });
  #box = h("button", { type: "button", class: "nba-region", hidden: true });
  #line = h("div", { class: "nba-span" });
  #part = h("div", { class: "nba-span-part", hidden: true });
  #handles = [handle("The span begins"), handle("The span ends")] as const;
  #cuts = [
    action("From here", "i", () => this.#cut(0)),
    action("To here", "o", () => this.#cut(1)),
  ];
  #bar = h("div", { class: "nba-point", role: "group", "aria-label": "Point" });
  #said = h("p", { role: "status" });

  constructor(host: Host, below: HTMLElement, selections: Selections) {
    this.#host = host;
    this.#below = below;
    this.#selections = selections;
    for (const corner of CORNERS) this.#box.append(h("i", { "data-corner": corner }));
    this.#pad.append(this.#box);
    this.#part.append(...this.#handles);
    this.#line.append(this.#part);
    this.#bar.append(
      this.#said,
      ...this.#cuts,
      action("A region", "", () => this.#addRegion()),
      action("Clear", "x", () => this.#select(ALL)),
    );
    this.#pad.addEventListener("pointerdown", (event) => this.#drawRegion(event));
    this.#line.addEventListener("pointerdown", (event) => this.#drawSpan(event));
    this.#box.addEventListener("keydown", (event) => this.#moveBox(event));
    this.#handles.forEach((el, end) => {
      el.addEventListener("keydown", (event) => this.#moveEnd(event, end));
    });
  }

  open(): void {
    this.isOpen = true;
    this.#host.scrub.parentElement?.append(this.#line);
    this.#below.prepend(this.#bar);
    this.update();
  }

  close(): void {
    this.isOpen = false;
    for (const el of [this.#pad, this.#line, this.#bar]) el.remove();
  }

  update(): void {
    const [front, shown] = [this.#host.front(), this.#host.shown()];
    if (!front || !shown) return;
    // Over whatever else is there; put there again, it would lose the focus.
    if (this.#pad.parentElement !== front.tile) front.tile.append(this.#pad);
    const { take } = front;
    const ratio = shown.width / shown.height / (take.width / take.height);
    const [across, down] = [Math.min(1, ratio), Math.min(1, 1 / ratio)];
    this.#pad.style.inset = `${(1 - down) * 50}% ${(1 - across) * 50}%`;
    this.#draft = this.#selections.current;
    this.#show();
  }

  key(key: string): boolean {
    if (key === "i") this.#cut(0);
    else if (key === "o") this.#cut(1);
    else return false;
    return true;
  }

  #select(selection: Selection): void {
    this.#draft = selection;
    this.#show();
    this.#selections.set(selection);
  }

  #show(): void {
    const { span, region } = this.#draft;
    const { clip } = this.#host.deck;
    for (const el of [...this.#cuts, this.#line]) el.hidden = !clip; // a still has no time
    const text = selectionText(this.#draft);
    setText(
      this.#said,
      text || `Drag over the picture for a place${clip ? TIME : ""}.`,
    );
    this.#box.hidden = region === null;
    if (region) {
      Object.assign(this.#box.style, placeOf(region));
      const label = `Region, ${text}: arrows move it, shift and arrows resize it`;
      this.#box.setAttribute("aria-label", label);
    }
    this.#part.hidden = span === null || !clip;
    if (!span || !clip) return;
    const frames = span.map((second) => Math.round(second * clip.fps));
    const last = clip.numFrames - 1;
    // A frame's place on the line is around the scrubber's place for it.
    const [from = 0, to = 0] = frames.map((frame) =>
      Math.max(0, Math.min(1, (frame - 0.5) / last)),
    );
    this.#part.style.left = `${from * 100}%`;
    this.#part.style.width = `${(to - from) * 100}%`;
    this.#handles.forEach((el, end) => {
      const frame = (frames[end] ?? 0) - end;
      el.setAttribute("aria-valuemax", String(clip.numFrames));
      el.setAttribute("aria-valuenow", String(frame + 1));
      el.setAttribute("aria-valuetext", `frame ${frame + 1}`);
    });
  }

  /** Let the span begin or end with the frame that is shown. */
  #cut(end: number): void {
    const { clip, frame } = this.#host.deck;
    if (!clip) return;
    const [first, last] = this.#frames() ?? [0, clip.numFrames - 1];
    const [from, to] = end ? [Math.min(first, frame), frame] : [frame, last];
    this.#selectFrames(from, Math.max(from, to));
  }

  #frames(): [number, number] | null {
    const { clip } = this.#host.deck;
    const { span } = this.#draft;
    if (!span || !clip) return null;
    return [Math.round(span[0] * clip.fps), Math.round(span[1] * clip.fps) - 1];
  }

  #selectFrames(first: number, last: number): void {
    const { clip } = this.#host.deck;
    if (clip) this.#select({ ...this.#draft, span: spanOf(first, last, clip) });
  }

  #addRegion(): void {
    this.#select({ ...this.#draft, region: this.#draft.region ?? MIDDLE });
    this.#box.focus();
  }

  #drawRegion(down: PointerEvent): void {
    const rect = this.#pad.getBoundingClientRect();
    const at = (event: PointerEvent): [number, number] => [
      (event.clientX - rect.left) / rect.width,
      (event.clientY - rect.top) / rect.height,
    ];
    const start = at(down);
    const target = down.target as HTMLElement;
    const before = this.#draft.region;
    const corner = target.dataset.corner as Corner | undefined;
    const isMoved = before && target === this.#box;
    drag(
      this.#pad,
      down,
      (event) => {
        const [x, y] = at(event);
        const region = isMoved
          ? moved(before, x - start[0], y - start[1])
          : boxFrom(start, [x, y], before, corner);
        this.#draft = { ...this.#draft, region };
        this.#show();
      },
      () => this.#select(this.#draft),
    );
  }

  #drawSpan(down: PointerEvent): void {
    const { clip } = this.#host.deck;
    if (!clip) return;
    const rect = this.#line.getBoundingClientRect();
    const at = (event: PointerEvent) =>
      frameAt((event.clientX - rect.left) / rect.width, clip.numFrames);
    const [first, last] = this.#frames() ?? [0, 0];
    const end = this.#handles.indexOf(down.target as HTMLElement);
    // A handle moves its own end; elsewhere a new span begins.
    const anchor = end < 0 ? at(down) : end === 0 ? last : first;
    drag(
      this.#line,
      down,
      (event) => {
        const [from, to] = [anchor, at(event)].sort((a, b) => a - b);
        this.#draft = { ...this.#draft, span: spanOf(from ?? 0, to ?? 0, clip) };
        this.#show();
      },
      () => this.#select(this.#draft),
    );
  }

  #moveBox(event: KeyboardEvent): void {
    const by = ARROWS[event.key];
    const { region } = this.#draft;
    if (!by || !region) return;
    event.preventDefault();
    event.stopPropagation();
    const [left, top, right, bottom] = region;
    const resized: [number, number] = [
      Math.max(left + STEP, right + by[0]),
      Math.max(top + STEP, bottom + by[1]),
    ];
    const next = event.shiftKey
      ? boxFrom([left, top], resized, null, undefined)
      : moved(region, by[0], by[1]);
    this.#select({ ...this.#draft, region: next });
  }

  #moveEnd(event: KeyboardEvent, end: number): void {
    const by = ARROWS[event.key]?.[0];
    const frames = this.#frames();
    const { clip } = this.#host.deck;
    if (!by || !frames || !clip) return;
    event.preventDefault();
    event.stopPropagation();
    const [first, last] = frames;
    const step = Math.sign(by);
    if (end) {
      this.#selectFrames(
        first,
        Math.max(first, Math.min(clip.numFrames - 1, last + step)),
      );
    } else this.#selectFrames(Math.max(0, Math.min(last, first + step)), last);
  }
}

/** Follow a pointer until it is lifted; a press that goes nowhere selects nothing. */
function drag(
  el: HTMLElement,
  down: PointerEvent,
  move: (event: PointerEvent) => void,
  end: () => void,
): void {
  if (down.button !== 0) return;
  down.preventDefault();
  const ends = new AbortController();
  let isMoved = false;
  el.setPointerCapture(down.pointerId);
  const onMove = (event: PointerEvent) => {
    isMoved ||=
      Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > 2;
    if (isMoved) move(event);
  };
  const onEnd = () => {
    ends.abort();
    if (isMoved) end();
  };
  el.addEventListener("pointermove", onMove, { signal: ends.signal });
  el.addEventListener("pointerup", onEnd, { signal: ends.signal });
  el.addEventListener("pointercancel", onEnd, { signal: ends.signal });
}

function handle(label: string): HTMLElement {
  return h("i", {
    class: "nba-handle",
    role: "slider",
    tabindex: 0,
    "aria-label": label,
    "aria-valuemin": 1,
  });
}

function action(text: string, key: string, act: () => void): HTMLButtonElement {
  const button = h("button", { type: "button", class: "nba-button nba-end" }, text);
  if (key) {
    button.setAttribute("aria-keyshortcuts", key);
    button.title = `${text} (${key})`;
  }
  button.addEventListener("click", act);
  return button;
}
