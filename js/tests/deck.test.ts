import { beforeEach, expect, test } from "vitest";
import { Deck, frameTime } from "../src/deck";

beforeEach(() => {
  HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
});

/** A video that arrives where it is sent when the test says so. */
function video() {
  const el = document.createElement("video");
  el.play = () => Promise.resolve();
  const sought: number[] = [];
  let time = 0;
  Object.defineProperty(el, "currentTime", {
    get: () => time,
    set: (to: number) => {
      sought.push(to);
      time = to;
    },
  });
  const arrive = async (at = time) => {
    time = at; // one that plays has gone on meanwhile
    el.dispatchEvent(new Event("seeked"));
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { el, sought, arrive };
}

test("while one seek runs only the newest wish is kept", async () => {
  const deck = new Deck(() => {});
  const { el, sought, arrive } = video();
  deck.add(0, { video: el, fps: 8, numFrames: 16 });
  void deck.seek(3);
  void deck.seek(5);
  await arrive();
  await arrive();
  expect(sought).toEqual([0, 5].map((frame) => frameTime(frame, 8)));
});

test("a clip that played on during a seek goes back to the frame that is asked", async () => {
  const deck = new Deck(() => {});
  const { el, sought, arrive } = video();
  deck.add(0, { video: el, fps: 8, numFrames: 16 });
  deck.play();
  void deck.seek(0);
  await arrive(frameTime(0, 8) + 0.3); // two frames on
  await arrive();
  expect(sought).toEqual([frameTime(0, 8), frameTime(0, 8)]);
  expect(el.currentTime).toBe(frameTime(0, 8));
});

test("what plays outside a range that is set jumps into it; what stands still stays", () => {
  const deck = new Deck(() => {});
  const { el, sought } = video();
  deck.add(0, { video: el, fps: 8, numFrames: 16 });
  deck.setRange([8, 15]);
  expect(deck.frame).toBe(0);
  deck.setRange(undefined);
  deck.play();
  deck.setRange([4, 7]);
  expect(deck.frame).toBe(4);
  deck.setRange([2, 5]); // it is inside already
  expect(deck.frame).toBe(4);
  expect(sought[0]).toBe(frameTime(0, 8));
});
