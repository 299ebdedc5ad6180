import { afterEach, expect, test, vi } from "vitest";
import { Channel, KernelError, SLOW_MS } from "../src/channel";
import { FakeModel } from "./fake";

afterEach(() => void vi.useRealTimers());

function open() {
  const model = new FakeModel();
  const end = new AbortController();
  return { model, end, channel: new Channel(model.asModel(), end.signal) };
}

test("each request gets the reply with its own id, in any order", async () => {
  const { model, channel } = open();
  const first = channel.request({ type: "get_clip", index: 0 });
  const second = channel.request({ type: "save", name: "c1", format: "gif" });
  const [a, b] = model.sent.map((request) => request.id);
  if (!a || !b) throw new Error("two requests were sent");
  expect(a).not.toBe(b);
  model.reply({ type: "saved", id: b, path: "c1.gif" });
  model.reply({ type: "clip", id: a }, new DataView(new ArrayBuffer(3)));
  expect((await first).bytes?.byteLength).toBe(3);
  expect((await second).reply).toEqual({ type: "saved", id: b, path: "c1.gif" });
});

test("an error reply rejects with the kernel's line", async () => {
  const { model, channel } = open();
  const answer = channel.request({ type: "get_clip", index: 7 });
  const id = model.last("get_clip").id;
  model.reply({ type: "error", id, message: "there is no take 7" });
  await expect(answer).rejects.toThrow(new KernelError("there is no take 7"));
});

test("a silent kernel is reported, and its late answer still counts", async () => {
  vi.useFakeTimers();
  const { model, channel } = open();
  const onSlow = vi.fn();
  const answer = channel.request({ type: "get_preview", index: 0 }, onSlow);
  vi.advanceTimersByTime(SLOW_MS - 1);
  expect(onSlow).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onSlow).toHaveBeenCalledOnce();
  model.reply({ type: "preview", id: model.last("get_preview").id });
  expect((await answer).bytes).toBeUndefined();
});

test("replies meant for another view and damaged ones are left alone", () => {
  const { model, channel } = open();
  void channel.request({ type: "cancel", index: null });
  model.reply({ type: "clip", id: "another-1" });
  model.reply(undefined as never);
  expect(model.sent).toHaveLength(1);
});

test("ids of two views of one model differ", () => {
  const model = new FakeModel();
  const { signal } = new AbortController();
  for (let view = 0; view < 2; view++) {
    void new Channel(model.asModel(), signal).request({ type: "get_clip", index: 0 });
  }
  expect(new Set(model.sent.map((request) => request.id)).size).toBe(2);
});

test("the end of a view takes its listener away and nobody else's", () => {
  const { model, end } = open();
  const other = () => undefined;
  model.on("msg:custom", other);
  end.abort();
  expect(model.listeners).toBe(1);
});
