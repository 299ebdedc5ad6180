import { beforeEach, expect, test } from "vitest";
import { Deck } from "../src/deck";
import { linkTime, type TimeModel } from "../src/time";
import { FakeModel } from "./fake";

beforeEach(() => {
  HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
});

/** A player with a clip, whose model may be linked to another's. */
function player(fps: number, numFrames: number) {
  const model = new FakeModel();
  const deck = new Deck(() => {});
  const end = new AbortController();
  linkTime(model as unknown as TimeModel, deck, end.signal);
  const video = document.createElement("video");
  video.play = () => Promise.resolve();
  deck.add(0, { video, fps, numFrames });
  return { model, deck, end };
}

/** What ipywidgets' jslink does, in the browser. */
function link(one: ReturnType<typeof player>, other: ReturnType<typeof player>): void {
  const copy = (from: FakeModel, to: FakeModel) =>
    from.on("change:time", () => {
      if (to.time !== from.time) to.set("time", from.time);
    });
  copy(one.model, other.model);
  copy(other.model, one.model);
}

test("a frame that is chosen is the model's time, and nothing goes to the kernel", () => {
  const { model, deck } = player(8, 16);
  void deck.seek(6);
  expect(model.time).toBe(0.75);
  expect(model.sent).toEqual([]);
});

test("of two that are linked, the other stands at the same time", () => {
  const [one, other] = [player(8, 16), player(24, 48)];
  link(one, other);
  for (const frame of [1, 7, 3, 15]) {
    void one.deck.seek(frame);
    expect(other.deck.frame).toBe(frame * 3);
    expect(one.deck.frame).toBe(frame);
  }
  void other.deck.seek(25);
  expect(one.deck.frame).toBe(8);
});

test("who is led does not pull back where its own frames are fewer", () => {
  const [one, other] = [player(8, 16), player(5, 4)];
  link(one, other);
  void one.deck.seek(15);
  expect([one.deck.frame, other.deck.frame]).toEqual([15, 3]);
});

test("a player that is led stops playing by itself", () => {
  const [one, other] = [player(8, 16), player(8, 16)];
  link(one, other);
  other.deck.play();
  void one.deck.seek(4);
  expect([other.deck.playing, other.deck.frame]).toEqual([false, 4]);
});

test("a view that is gone no longer hears", () => {
  const { model, deck, end } = player(8, 16);
  end.abort();
  expect(model.listeners).toBe(0);
  model.set("time", 1);
  expect(deck.frame).toBe(0);
});
