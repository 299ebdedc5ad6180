import { beforeEach, expect, test, vi } from "vitest";
import { REST_MS } from "../src/composer";
import panel from "../src/panel";
import type { PanelEvent, PanelReply, PanelRequest, TurnView } from "../src/wire";
import { take } from "./fake";

type Listener = (...values: never[]) => void;

// What the DOM of the tests lacks; a row is near as soon as it is looked for.
class Sight {
  #seen: (entries: { target: Element; isIntersecting: boolean }[]) => void;
  constructor(seen: (entries: { target: Element; isIntersecting: boolean }[]) => void) {
    this.#seen = seen;
  }
  observe(target: Element): void {
    setTimeout(() => this.#seen([{ target, isIntersecting: true }]));
  }
  unobserve(): void {}
  disconnect(): void {}
}

/** The panel's side of a kernel, without one: what is sent, and what it is told. */
class FakeLine {
  sent: PanelRequest[] = [];
  widget_manager = {};
  #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }
  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }
  send(request: PanelRequest): void {
    this.sent.push(request);
  }
  tell(message: PanelReply | PanelEvent): void {
    this.emit("msg:custom", message, []);
  }
  emit(event: string, ...values: unknown[]): void {
    for (const one of [...(this.#listeners.get(event) ?? [])]) {
      one(...(values as never[]));
    }
  }
  last<K extends PanelRequest["type"]>(type: K): Extract<PanelRequest, { type: K }> {
    const found = this.sent.findLast((request) => request.type === type);
    if (!found) throw new Error(`no ${type} in ${JSON.stringify(this.sent)}`);
    return found as Extract<PanelRequest, { type: K }>;
  }
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

beforeEach(() => {
  vi.stubGlobal("IntersectionObserver", Sight);
  vi.stubGlobal("ResizeObserver", Sight);
  URL.createObjectURL = () => "blob:poster";
  document.body.replaceChildren();
});

function turn(id: number, fields: Partial<TurnView> = {}): TurnView {
  return {
    id,
    place: id,
    origin: "panel",
    options: "",
    words: `turn ${id}`,
    state: "done",
    answer: "",
    error: "",
    note: "",
    readings: [],
    takes: [],
    ...fields,
  };
}

function show(turns: TurnView[] = []) {
  const line = new FakeLine();
  const end = new AbortController();
  const el = document.createElement("div");
  document.body.append(el);
  panel.render({ model: line as never, el, signal: end.signal });
  const { id } = line.last("get_thread");
  line.tell({ type: "thread", id, turns, queue: [], model: "pocket" });
  const find = <E extends HTMLElement>(selector: string): E => {
    const found = el.querySelector<E>(selector);
    if (!found) throw new Error(`nothing matches ${selector}`);
    return found;
  };
  const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
  const texts = (selector: string) => all(selector).map((one) => one.textContent);
  const type = (text: string) => {
    const box = find<HTMLTextAreaElement>(".nba-box");
    box.value = text;
    box.setSelectionRange(text.length, text.length);
    box.dispatchEvent(new Event("input"));
  };
  const press = (key: string) => {
    const event = new KeyboardEvent("keydown", {
      key,
      bubbles: true,
      cancelable: true,
    });
    find(".nba-box").dispatchEvent(event);
    return event.defaultPrevented;
  };
  const box = () => find<HTMLTextAreaElement>(".nba-box").value;
  return { line, end, el, find, all, texts, type, press, box };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test("an empty conversation offers examples, which only fill the box", async () => {
  const { find, box, line, all } = show();
  await settled();
  expect(find(".nba-empty").hidden).toBe(false);
  expect(all(".nba-example")).toHaveLength(3);
  find(".nba-example").click();
  expect(box()).toContain("red ball");
  expect(line.sent.some(({ type }) => type === "say")).toBe(false);
});

test("turns stand in their order, wherever they come from and whenever", async () => {
  const { line, texts } = show([turn(3), turn(5)]);
  await settled();
  line.tell({ type: "turn", turn: turn(9, { place: 4, words: "run again" }) });
  expect(texts(".nba-words")).toEqual(["turn 3", "run again", "turn 5"]);
  line.tell({ type: "gone", turn: 3 });
  expect(texts(".nba-words")).toEqual(["run again", "turn 5"]);
});

test("what was told while the thread was fetched is newer, and stays", async () => {
  const line = new FakeLine();
  const el = document.createElement("div");
  const { signal } = new AbortController();
  panel.render({ model: line as never, el, signal });
  const { id } = line.last("get_thread");
  line.tell({ type: "turn", turn: turn(1, { words: "new" }) });
  line.tell({ type: "gone", turn: 2 });
  const old = [turn(1, { words: "old" }), turn(2)];
  line.tell({ type: "thread", id, turns: old, queue: [], model: "pocket" });
  await settled();
  const words = [...el.querySelectorAll(".nba-words")].map((one) => one.textContent);
  expect(words).toEqual(["new"]);
});

test("enter says the line; what cannot be said comes back with the reason", async () => {
  const { line, type, press, box, find, texts } = show();
  type("--sed 3 a cat");
  expect(press("Enter")).toBe(true);
  expect(box()).toBe("");
  expect(texts(".nba-words")).toEqual(["--sed 3 a cat"]);
  const said = line.last("say");
  expect(said).toMatchObject({ line: "--sed 3 a cat", replaces: null, reading: null });
  line.tell({ type: "error", id: said.id, message: "did you mean --seed?" });
  await settled();
  expect(box()).toBe("--sed 3 a cat");
  expect(find("[role=alert].nba-line").textContent).toBe("did you mean --seed?");
  expect(texts(".nba-words")).toEqual([]);
});

test("a line that is being composed is not sent by its enter", () => {
  const { line, type, find } = show();
  type("ボール");
  const event = new KeyboardEvent("keydown", { key: "Enter", isComposing: true });
  find(".nba-box").dispatchEvent(event);
  expect(line.sent.some(({ type: kind }) => kind === "say")).toBe(false);
});

test("up goes back through what was said, down returns to the draft", async () => {
  const { type, press, box } = show([turn(1), turn(2, { options: "--draft" })]);
  await settled();
  expect(press("ArrowUp")).toBe(true);
  expect(box()).toBe("--draft turn 2");
  press("ArrowUp");
  expect(box()).toBe("turn 1");
  expect(press("ArrowUp")).toBe(false);
  press("ArrowDown");
  press("ArrowDown");
  expect(box()).toBe("");
  type("half a thought");
  expect(press("ArrowUp")).toBe(false); // the caret is not at the start
});

test("up brings back what the kernel has not confirmed yet, too", async () => {
  const { type, press, box } = show([turn(1)]);
  await settled();
  type("a red ball");
  press("Enter");
  press("ArrowUp");
  expect(box()).toBe("a red ball");
  press("ArrowUp");
  expect(box()).toBe("turn 1");
});

test("a question is answered by a button, in the question's place", async () => {
  const readings = [
    { intent: "generate_video", label: "Make a new clip" },
    { intent: "refine", label: "Change a clip" },
  ];
  const answer = "Did you mean\n  - a new clip\n  - a change";
  const shown = show([
    turn(1, { readings, answer }),
    turn(2, { readings, answer, origin: "cell" }),
  ]);
  await settled();
  const [own, , ofCell] = shown.all(".nba-readings button");
  expect(shown.texts(".nba-answer")[0]).toBe("Did you mean …");
  own?.click();
  const chosen = { line: "turn 1", replaces: 1, reading: "generate_video" };
  expect(shown.line.last("say")).toMatchObject(chosen);
  ofCell?.click();
  expect(shown.line.last("say")).toMatchObject({ line: "turn 2", replaces: null });
});

test("actors that could stand in are buttons with their pictures", async () => {
  const picture = "data:image/png;base64,iVBORw0KGgo=";
  const readings = [
    { intent: "red ball", label: "Red ball", picture },
    { intent: "cake", label: "Cake", picture },
  ];
  const answer = "pocket cannot draw a coffee cup: its nearest are ….\nSay which.";
  const shown = show([turn(1, { readings, answer, words: "a coffee cup spins" })]);
  await settled();
  expect(shown.texts(".nba-answer")).toEqual([answer.split("\n")[0]]);
  const buttons = shown.all(".nba-readings button");
  // The name is the label; the picture says nothing more.
  expect(buttons.map((one) => one.textContent)).toEqual(["Red ball", "Cake"]);
  expect(buttons[1]?.querySelector("img")?.getAttribute("alt")).toBe("");
  buttons[1]?.click();
  const chosen = { line: "a coffee cup spins", replaces: 1, reading: "cake" };
  expect(shown.line.last("say")).toMatchObject(chosen);
  // The same turn may ask once more, of others.
  const others = readings.map((one) => ({ ...one, intent: "boat", label: "Boat" }));
  shown.line.tell({ type: "turn", turn: turn(1, { readings: others, answer }) });
  expect(shown.texts(".nba-readings button")).toEqual(["Boat", "Boat"]);
});

test("a turn of the panel is edited in place, a cell's is said again", async () => {
  const shown = show([turn(1), turn(2, { origin: "cell" })]);
  await settled();
  const [edit, again] = shown.all(".nba-edit");
  expect([edit?.textContent, again?.textContent]).toEqual(["Edit", "Use again"]);
  edit?.click();
  expect(shown.box()).toBe("turn 1");
  shown.type("turn one");
  shown.press("Enter");
  expect(shown.line.last("say")).toMatchObject({ line: "turn one", replaces: 1 });
  edit?.click();
  shown.press("Escape");
  expect(shown.box()).toBe("");
  again?.click();
  shown.press("Enter");
  expect(shown.line.last("say")).toMatchObject({ line: "turn 2", replaces: null });
});

test("the plan follows the words, and its chips write options into the box", async () => {
  vi.useFakeTimers();
  const { line, type, find, box } = show();
  type("a red");
  type("a red ball");
  await vi.advanceTimersByTimeAsync(REST_MS + 1);
  const asked = line.sent.filter((request) => request.type === "get_plan");
  expect(asked).toMatchObject([{ line: "a red ball", replaces: null }]);
  const reply = {
    type: "plan",
    id: line.last("get_plan").id,
    does: "new clip",
    take: take({ seed: 42 }),
    num_takes: 1,
    estimate_s: 2.5,
    note: "pocket cannot show: a hat. Left out.",
  } as const;
  line.tell(reply);
  await vi.advanceTimersByTimeAsync(1);
  expect(find(".nba-does").textContent).toBe("new clip");
  expect(find(".nba-plan").textContent).toContain("cannot show: a hat");
  expect(find(".nba-plan").textContent).toContain("about 2.5 s");
  const seed = find<HTMLInputElement>("[aria-label=Seed]");
  expect(seed.value).toBe("42");
  seed.value = "7";
  seed.dispatchEvent(new Event("change"));
  expect(box()).toBe("--seed 7 a red ball");
  const quality = find<HTMLSelectElement>("[aria-label=Quality]");
  quality.value = "draft";
  quality.dispatchEvent(new Event("change"));
  expect(box()).toBe("--seed 7 --draft a red ball");
  await vi.advanceTimersByTimeAsync(REST_MS + 1);
  line.tell({ type: "error", id: line.last("get_plan").id, message: "half typed" });
  await vi.advanceTimersByTimeAsync(1);
  expect(find(".nba-plan").hidden).toBe(true);
  vi.useRealTimers();
});

test("candidates are chosen by keys and put where they belong", async () => {
  const { line, type, press, box, texts, find } = show();
  type("like @c");
  const { id } = line.last("complete");
  line.tell({ type: "completed", id, start: 5, words: ["@c1", "@c2"] });
  await settled();
  expect(texts("[role=option]")).toEqual(["@c1", "@c2"]);
  press("ArrowDown");
  expect(find("[role=option][aria-selected=true]").textContent).toBe("@c2");
  expect(press("Enter")).toBe(true);
  expect(box()).toBe("like @c2 ");
  expect(line.sent.some(({ type: kind }) => kind === "say")).toBe(false);
  expect(find(".nba-suggest").hidden).toBe(true);
});

test("the gallery has the finished clips, and finds them by words", async () => {
  const takes = [take({ name: "c1", state: "done", prompt: "red ball, beach" })];
  const more = [
    take({ name: "c2", state: "done", prompt: "blue cube", quality: "draft" }),
    take({ name: "c3", state: "running" }),
  ];
  const shown = show([turn(1, { takes }), turn(2, { takes: more, state: "running" })]);
  await settled();
  const clips = shown.all("[role=tab]")[1];
  expect(clips?.textContent).toBe("Clips 2");
  clips?.click();
  const names = () =>
    shown
      .all(".nba-card")
      .filter((card) => !card.hidden)
      .map((card) => card.querySelector(".nba-name")?.textContent);
  expect(names()).toEqual(["c2", "c1"]);
  const search = shown.find<HTMLInputElement>("[type=search]");
  search.value = "Beach red";
  search.dispatchEvent(new Event("input"));
  expect(names()).toEqual(["c1"]);
  search.value = "";
  const kind = shown.find<HTMLSelectElement>("[aria-label=Filter]");
  kind.value = "drafts";
  kind.dispatchEvent(new Event("change"));
  expect(names()).toEqual(["c2"]);
  shown.type("like");
  shown.find(".nba-card-use").click();
  expect(shown.box()).toContain("@c");
});

test("what waits is listed with its position, and moves", async () => {
  const takes = [take({ name: "c1" }), take({ name: "c2" })];
  const { line, all, find } = show([turn(1, { takes, state: "running" })]);
  await settled();
  const order = [0, 1].map((index) => ({ turn: 1, index }));
  line.tell({ type: "queue", order });
  expect(find(".nba-queue").hidden).toBe(false);
  const names = all(".nba-queue .nba-name").map((one) => one.textContent);
  expect(names).toEqual(["c1", "c2"]);
  find("[aria-label='Move c2 up']").click();
  expect(line.last("move")).toMatchObject({ turn: 1, index: 1, to: 0 });
  line.tell({ type: "queue", order: [] });
  expect(find(".nba-queue").hidden).toBe(true);
});

test("an answer is shown as it is written, and read aloud once it is whole", async () => {
  const thinking = turn(1, { state: "thinking" });
  const { line, find } = show([thinking]);
  await settled();
  expect(find(".nba-wait").hidden).toBe(false);
  line.tell({ type: "text", turn: 1, text: "It is" });
  expect(find(".nba-answer").textContent).toBe("It is");
  expect(find(".nba-wait").hidden).toBe(true);
  expect(find(".nba-thread > [aria-live]").textContent).toBe("");
  line.tell({
    type: "turn",
    turn: { ...thinking, state: "done", answer: "It is so." },
  });
  expect(find(".nba-thread > [aria-live]").textContent).toBe("It is so.");
});

test("a player in the thread is the cells' own, and asks for its turn", async () => {
  const { line, find } = show([turn(4, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => find(".nba-turn .nba-player"));
  expect(line.last("get_clip")).toMatchObject({ turn: 4, index: 0 });
  expect(find(".nba-player").classList.contains("nba-live")).toBe(false);
  const running = take({ state: "running", phase: "denoise", step: 3 });
  line.tell({ type: "take", turn: 4, state: "running", index: 0, take: running });
  expect(find(".nba-status").textContent).toContain("step 3 of 20");
  expect(find("[title^='Stop']").hidden).toBe(false);
});

test("without its kernel the panel says so, and keeps what was said", async () => {
  const { line, find, texts } = show([turn(1)]);
  await settled();
  line.emit("comm_live_update");
  await settled();
  expect(find(".nba-lost-kernel").textContent).toContain("Run %nbagent panel again");
  expect(find(".nba-composer").inert).toBe(true);
  expect(texts(".nba-words")).toEqual(["turn 1"]);
});

test("what reads the turns is chosen in the panel", async () => {
  const { find, line, all } = show();
  const menu = find<HTMLSelectElement>('[aria-label="Read by"]');
  expect(menu.value).toBe("reader");
  menu.dispatchEvent(new Event("focus"));
  const { id } = line.last("get_brains");
  line.tell({ type: "brains", id, brains: ["qwen3", "reader"] });
  await settled();
  expect(menu.value).toBe("qwen3");
  expect(all('[aria-label="Read by"] option')).toHaveLength(2);
  menu.value = "reader";
  menu.dispatchEvent(new Event("change"));
  expect(line.last("use_brain")).toMatchObject({ brain: "reader" });
});

test("a model that does not fit here is shown, and cannot be chosen", async () => {
  const { find, line, all } = show();
  const menu = find<HTMLSelectElement>('[aria-label="Model"]');
  menu.dispatchEvent(new Event("focus"));
  const { id } = line.last("get_models");
  const models = [
    { name: "pocket", here: true, fits: true },
    { name: "wan", here: false, fits: true },
    { name: "wan-14b", here: false, fits: false },
  ];
  line.tell({ type: "models", id, models });
  await settled();
  const large = find<HTMLOptGroupElement>('[label="too large for this machine"]');
  expect(large.textContent).toBe("wan-14b");
  const free = all('[aria-label="Model"] option:not(:disabled)') as HTMLOptionElement[];
  expect(free.map(({ value }) => value)).toEqual(["pocket", "wan"]);
});

test("words of users and models are never markup", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  const { el } = show([
    turn(1, { words: evil, answer: evil, note: evil, error: evil }),
  ]);
  await settled();
  expect(el.querySelector("img[src=x]")).toBeNull();
});

test("every control has a name", async () => {
  const shown = show([turn(1, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => shown.find(".nba-player"));
  shown.all("[role=tab]")[1]?.click();
  for (const control of shown.all("button, input, select, textarea")) {
    const name = control.getAttribute("aria-label") ?? control.textContent?.trim();
    expect(name, control.outerHTML).toBeTruthy();
  }
});

test("the end of a view leaves no listener behind", async () => {
  const { line, end, find } = show([turn(1, { takes: [take({ state: "done" })] })]);
  await vi.waitFor(() => find(".nba-player"));
  expect(line.listeners).toBeGreaterThan(0);
  end.abort();
  expect(line.listeners).toBe(0);
});
