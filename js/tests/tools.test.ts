import { beforeEach, expect, test, vi } from "vitest";
import type { WithoutId } from "../src/channel";
import type { Host } from "../src/host";
import { REPLY } from "../src/reply";
import { selectionText } from "../src/selections";
import { boxFrom, frameAt, moved, spanOf } from "../src/shares";
import type { LineageReply, NodeView } from "../src/wire";
import { FakeModel, take } from "./fake";
import { bytes, load, prepare, type Shown, show } from "./show";

vi.mock("../src/loader", () => ({
  loadTools: async (host: Host) => (await import("../src/tools")).open(host),
}));

beforeEach(prepare);

async function done(name = "c2"): Promise<Shown> {
  const shown = show({ takes: [take({ name, state: "done" })], request: "slower" });
  await load(shown);
  return shown;
}

function node(name: string, changes: string[] = []): NodeView {
  const made = take({ name, state: "done" });
  return { take: made, request: `words of ${name}`, operation: "remix", changes };
}

const LINEAGE: WithoutId<LineageReply> = {
  type: "lineage",
  path: [node("c1"), node("c2", ["+ night"])],
  children: [node("c3", ["speed 0.5x"])],
};

/** Let the second clip on the stage load. */
async function loadGuest(shown: Shown) {
  shown.answer("get_named", { type: "clip" }, bytes());
  // It is on the page only when its frames are there; the element is made before.
  await vi.waitFor(() => {
    const video = made.at(-1);
    if (!video?.src) throw new Error("no clip yet");
    video.play = () => Promise.resolve();
    video.dispatchEvent(new Event("loadeddata"));
  });
  await vi.waitFor(() => shown.find(".nba-guest"));
}

const made: HTMLVideoElement[] = [];
const create = document.createElement.bind(document);
document.createElement = ((tag: string) => {
  const element = create(tag);
  if (tag === "video") made.push(element as HTMLVideoElement);
  return element;
}) as typeof document.createElement;

test("regions are ordered, stay in the frame, and are never empty", () => {
  expect(boxFrom([0.8, 0.9], [0.2, 0.1], null, undefined)).toEqual([
    0.2, 0.1, 0.8, 0.9,
  ]);
  expect(boxFrom([0.5, 0.5], [7, -7], null, undefined)).toEqual([0.5, 0, 1, 0.5]);
  const [left, top, right, bottom] = boxFrom([1, 1], [1, 1], null, undefined);
  expect(right - left).toBeCloseTo(0.02);
  expect(bottom - top).toBeCloseTo(0.02);
  expect([right, bottom]).toEqual([1, 1]);
});

test("a corner is drawn from the one opposite to it", () => {
  const box = [0.2, 0.2, 0.6, 0.6] as [number, number, number, number];
  expect(boxFrom([0.2, 0.2], [0.1, 0.3], box, "nw")).toEqual([0.1, 0.3, 0.6, 0.6]);
  expect(boxFrom([0.6, 0.6], [0.9, 0.9], box, "se")).toEqual([0.2, 0.2, 0.9, 0.9]);
  const [left, , right] = moved(box, 0.9, 0);
  expect([left, right].map((share) => share.toFixed(2))).toEqual(["0.60", "1.00"]);
});

test("a span is from the beginning of its first frame to the end of its last", () => {
  expect([0, 0.5, 1].map((share) => frameAt(share, 17))).toEqual([0, 8, 16]);
  expect(spanOf(8, 15, { fps: 8 })).toEqual([1, 2]);
  const text = selectionText({ span: [1, 2], region: [0.5, 0, 1, 0.25] });
  expect(text).toBe("1.00–2.00 s, 50×25 % of the frame");
});

test("what is pointed at by keys is told, played, and goes with the words", async () => {
  const shown = await done();
  shown.press("p");
  shown.press("ArrowRight");
  shown.press("i"); // from frame 1
  shown.press("ArrowRight");
  shown.press("o"); // to frame 2
  const span = [1 / 8, 3 / 8];
  expect(shown.model.last("select")).toMatchObject({ name: "c2", span, region: null });
  shown.button("A region").click();
  shown.press("ArrowLeft", shown.find(".nba-region"));
  const { region } = shown.model.last("select");
  expect(region?.map((share) => share.toFixed(2))).toEqual([
    "0.23",
    "0.25",
    "0.73",
    "0.75",
  ]);
  const box = shown.find<HTMLInputElement>(".nba-words-box");
  expect(box.getAttribute("aria-label")).toContain("c2");
  box.value = "a moon";
  shown.find("form").dispatchEvent(new Event("submit", { cancelable: true }));
  const sent = shown.model.last("refine");
  expect(sent).toMatchObject({ name: "c2", words: "a moon", span, region });
  shown.find(".nba-part").click();
  expect(shown.model.last("select")).toMatchObject({ span: null, region: null });
  expect(shown.find(".nba-part").hidden).toBe(true);
});

test("in the panel a clip has no box: its reply, and its part, go to the panel's", async () => {
  const place = document.createElement("div");
  place.className = "nba-panel";
  document.body.append(place);
  const told: unknown[] = [];
  place.addEventListener(REPLY, (event) => told.push((event as CustomEvent).detail));
  const shown = show({ takes: [take({ state: "done" })] }, {}, place);
  await load(shown);
  expect(shown.el.querySelector("form")).toBeNull();
  shown.button("Reply to c1").click();
  const about = { name: "c1", span: null, region: null };
  expect(told).toEqual([{ about, isWanted: true }]);
  shown.press("p");
  shown.press("i");
  const span = [0, 1 / 8];
  shown.press("o");
  expect(told.at(-1)).toMatchObject({ about: { span }, isWanted: false });
});

test("a refusal stays under the box, and the words stay in it", async () => {
  const shown = await done();
  shown.press("r");
  const box = shown.find<HTMLInputElement>(".nba-words-box");
  expect(document.activeElement).toBe(box);
  expect(shown.press("d", box)).toBe(false); // typed, and no command
  box.value = "slower";
  const submit = () =>
    shown.find("form").dispatchEvent(new Event("submit", { cancelable: true }));
  submit();
  shown.answer("refine", { type: "error", message: "leave the part out" });
  const said = () => shown.find("form p").textContent;
  await vi.waitFor(() => expect(said()).toBe("leave the part out"));
  expect(box.value).toBe("slower");
  submit();
  shown.answer("refine", { type: "refined", turn: 4, line: "" });
  await vi.waitFor(() => expect(box.value).toBe(""));
});

test("the turn that was said has a player below, also where it comes late", async () => {
  const child = new FakeModel({ takes: [take({ name: "c9" })], request: "slower" });
  const shown = show({ takes: [take()] }, { later: child });
  shown.model.change({ follow_ups: ["later"] });
  shown.model.change({ follow_ups: ["later"] });
  await vi.waitFor(() =>
    expect(shown.el.querySelectorAll(".nba-player")).toHaveLength(2),
  );
  const names = [...shown.el.querySelectorAll(".nba-name")];
  expect(names.map((name) => name.textContent)).toEqual(["c1", "c9"]);
  shown.end.abort();
  expect(child.listeners).toBe(0);
});

test("it is compared with its parent first, in three ways", async () => {
  const shown = await done();
  shown.press("a");
  shown.answer("get_lineage", LINEAGE);
  await vi.waitFor(() =>
    expect(shown.model.last("get_named")).toMatchObject({ name: "c1" }),
  );
  await loadGuest(shown);
  const guest = shown.find(".nba-guest");
  expect(guest.dataset.mode).toBe("wipe");
  expect(shown.press(".")).toBe(true);
  expect(guest.style.getPropertyValue("--wipe")).toBe("55.0%");
  shown.button("Side by side").click();
  expect(guest.parentElement?.className).toContain("nba-beside");
  shown.button("Difference").click();
  expect(guest.parentElement?.className).toContain("nba-difference");
  shown.press("Escape");
  expect(shown.el.querySelector(".nba-guest")).toBeNull();
  expect(shown.find(".nba-tile").className).not.toContain("nba-difference");
});

test("without another clip comparing says so", async () => {
  const shown = await done("c1");
  shown.press("a");
  shown.answer("get_lineage", { type: "lineage", path: [node("c1")], children: [] });
  const said = () => shown.find(".nba-compare p").textContent;
  await vi.waitFor(() => expect(said()).toContain("no other clip"));
});

test("the lineage says what changed, and another clip can be refined from", async () => {
  const shown = await done();
  shown.press("t");
  shown.answer("get_lineage", LINEAGE, bytes(), bytes(), bytes());
  await vi.waitFor(() =>
    expect(shown.el.querySelectorAll(".nba-change")).toHaveLength(2),
  );
  expect(shown.find("[aria-current] b").textContent).toBe("c2");
  expect(shown.find(".nba-children .nba-change").textContent).toBe("speed 0.5x");
  shown.find(".nba-card-clip").click();
  await loadGuest(shown);
  expect(shown.find(".nba-name").textContent).toBe("c1");
  expect(shown.find(".nba-request").textContent).toBe("words of c1");
  shown.find<HTMLInputElement>(".nba-words-box").value = "at night";
  shown.find("form").dispatchEvent(new Event("submit", { cancelable: true }));
  expect(shown.model.last("refine")).toMatchObject({ name: "c1" });
  shown.press("1"); // the turn's own take again
  expect(shown.find(".nba-name").textContent).toBe("c2");
  expect(shown.el.querySelector(".nba-guest")).toBeNull();
});

test("details show facts as text, and code that can be copied", async () => {
  const writeText = vi.fn(async (_text: string) => {});
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  const shown = await done();
  shown.press("d");
  shown.answer("get_details", {
    type: "details",
    facts: [{ label: "Seed", value: "<b>7</b>" }],
    magic: "%agent --seed 7 a ball",
    python: "c1 = 1",
  });
  await vi.waitFor(() => shown.find(".nba-details dd"));
  expect(shown.find(".nba-details dd").textContent).toBe("<b>7</b>");
  shown.button("Copy: in a cell").click();
  expect(writeText).toHaveBeenCalledWith("%agent --seed 7 a ball");
});

test("the keys are shown over the player, and the focus comes back", async () => {
  const shown = await done();
  shown.press("?");
  expect(shown.find("[role=dialog]").textContent).toContain("one frame back, on");
  expect(document.activeElement?.textContent).toBe("Close");
  shown.press("Escape", shown.button("Close"));
  expect(shown.el.querySelector("[role=dialog]")).toBeNull();
  expect(document.activeElement).toBe(shown.find(".nba-player"));
});

test("a clip of another format is made by the kernel and kept by the browser", async () => {
  const shown = await done();
  shown.press("s");
  const click = vi.fn();
  HTMLAnchorElement.prototype.click = click;
  shown.button("download mp4").click();
  expect(click).toHaveBeenCalledOnce(); // it is here already
  shown.button("download one web page").click();
  shown.answer("get_file", { type: "file", file_name: "c2.html" }, bytes());
  await vi.waitFor(() => expect(click).toHaveBeenCalledTimes(2));
});

test("next steps are asked of a clip that is seen, and say themselves", async () => {
  const shown = await done();
  await vi.waitFor(() => shown.model.last("get_next"));
  expect(shown.model.last("get_next")).toMatchObject({ name: "c2" });
  shown.answer("get_next", { type: "next", steps: ["loop it", "4 takes"] });
  await vi.waitFor(() => shown.find(".nba-idea"));
  const chips = () => [...shown.el.querySelectorAll<HTMLButtonElement>(".nba-idea")];
  expect(chips().map((chip) => chip.textContent)).toEqual(["loop it", "4 takes"]);
  chips()[1]?.click();
  expect(shown.model.last("refine")).toMatchObject({ name: "c2", words: "4 takes" });
  expect(chips()[1]?.disabled).toBe(true);
  shown.answer("refine", { type: "refined", turn: 3, line: "" });
  await vi.waitFor(() => expect(chips()[1]?.disabled).toBe(false));
  shown.model.change({ takes: [take({ name: "c2", state: "running" })] });
  expect(chips()).toEqual([]); // it has no end yet to go on from
});

test("in full screen, what is said there takes the place of what it was said of", async () => {
  const shown = await done();
  const asked = vi.fn(async () => {});
  shown.el.requestFullscreen = asked;
  shown.press("f");
  expect(asked).toHaveBeenCalled();
  const card = shown.find(".nba-player");
  expect(card.classList.contains("nba-front")).toBe(true);
  Object.defineProperty(document, "fullscreenElement", {
    value: shown.el,
    configurable: true,
  });
  shown.model.models.next = new FakeModel({ takes: [take({ name: "c3" })] });
  shown.model.change({ follow_ups: ["next"] });
  await vi.waitFor(() => {
    const cards = [...shown.el.querySelectorAll(".nba-player")];
    const front = cards.map((one) => one.classList.contains("nba-front"));
    expect(front).toEqual([false, true]);
  });
  Object.defineProperty(document, "fullscreenElement", {
    value: null,
    configurable: true,
  });
});
