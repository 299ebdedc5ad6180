// A player on a page, its kernel played by the test.

import { vi } from "vitest";
import type { WithoutId } from "../src/channel";
import player from "../src/player";
import type { PlayerReply, PlayerRequest, PlayerState } from "../src/wire";
import { FakeModel } from "./fake";

// The DOM of the tests has no layout and shows no frames; both are the browser's.
class Sight {
  observe(): void {}
  disconnect(): void {}
  constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
    setTimeout(() => seen([{ isIntersecting: true }]));
  }
}

/** What each test begins with. */
export function prepare(): void {
  vi.stubGlobal("IntersectionObserver", Sight);
  HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
  URL.createObjectURL = () => "blob:clip";
  document.body.replaceChildren();
}

export function show(
  state: Partial<PlayerState>,
  models = {},
  page: HTMLElement = document.body,
) {
  const model = new FakeModel(state);
  model.models = models;
  const end = new AbortController();
  const el = document.createElement("div");
  page.append(el);
  player.render({ model: model.asModel(), el, signal: end.signal });
  const find = <E extends HTMLElement>(selector: string): E => {
    const found = el.querySelector<E>(selector);
    if (!found) throw new Error(`nothing matches ${selector}`);
    return found;
  };
  const press = (key: string, target = find(".nba-player")) => {
    const event = new KeyboardEvent("keydown", {
      key,
      bubbles: true,
      cancelable: true,
    });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const button = (name: string) => {
    const all = [...el.querySelectorAll<HTMLButtonElement>("button")];
    const found = all.find((one) =>
      [one.getAttribute("aria-label"), one.textContent].includes(name),
    );
    if (!found) throw new Error(`no button ${name}`);
    return found;
  };
  /** Answer the newest request of a type. */
  const answer = <K extends PlayerRequest["type"]>(
    type: K,
    reply: WithoutId<PlayerReply>,
    ...buffers: DataView[]
  ) => {
    const request = model.last(type);
    model.reply({ ...reply, id: request.id } as PlayerReply, ...buffers);
    return request;
  };
  return { model, end, el, find, press, button, answer };
}

export type Shown = ReturnType<typeof show>;

export const bytes = () => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(4, 0x66747970); // the head of an mp4
  return view;
};

/** Answer a take's newest clip request and let its video load. */
export async function load(shown: Shown, index = 0) {
  const request = shown.model.sent.findLast(
    (sent) => sent.type === "get_clip" && sent.index === index,
  );
  if (!request) throw new Error(`take ${index} was not asked for`);
  shown.model.reply({ type: "clip", id: request.id }, bytes());
  await vi.waitFor(() => {
    const video = shown.el.querySelectorAll("video")[index];
    if (!video?.src) throw new Error("the clip is not mounted yet");
    video.play = () => Promise.resolve();
    video.dispatchEvent(new Event("loadeddata"));
  });
  // The first time, the script of the tools is compiled for this.
  await vi.waitFor(() => shown.find(".nba-tools"), { timeout: 10_000 });
}
