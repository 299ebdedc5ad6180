// The conversation on this side of the wire: what the kernel told, and who listens.

import type { Callback, Channel, Line, Model } from "./channel";
import type {
  MarkView,
  PanelEvent,
  PanelReply,
  PanelRequest,
  PlayerRequest,
  PlayerState,
  TakePlace,
  TurnView,
} from "./wire";

export type PanelChannel = Channel<PanelRequest, PanelReply>;

/** A turn that is new or changed, one that is gone, the queue, the model, or the marks. */
export type Change =
  | { turn: TurnView }
  | { gone: number }
  | { queue: TakePlace[] }
  | { model: string }
  | { marks: Map<string, MarkView> };

export class Store {
  #line: Line<PanelRequest>;
  #channel: PanelChannel;
  #turns = new Map<number, TurnView>();
  #sorted: TurnView[] | undefined;
  #told = new Set<number>();
  /** How many turns are being rendered, and how many clips are there. */
  running = 0;
  done = 0;
  /** The takes that wait for the engine, next first. */
  queue: TakePlace[] = [];
  /** What renders new clips. */
  model = "";
  /** The newest turn that made clips; what an undo takes back. */
  newest: TurnView | undefined;
  #marks = new Map<string, MarkView>();
  #listeners = new Set<(change: Change) => void>();

  constructor(line: Line<PanelRequest>, channel: PanelChannel, signal: AbortSignal) {
    this.#line = line;
    this.#channel = channel;
    const onEvent = (event: PanelEvent) => this.#hear(event);
    line.on("msg:custom", onEvent);
    signal.addEventListener("abort", () => {
      line.off("msg:custom", onEvent);
      this.#listeners.clear();
    });
  }

  /** All turns, in the order in which they stand in the conversation. */
  get turns(): TurnView[] {
    this.#sorted ??= [...this.#turns.values()].sort((a, b) => a.place - b.place);
    return this.#sorted;
  }

  get(id: number): TurnView | undefined {
    return this.#turns.get(id);
  }

  /** What the user thinks of a clip. */
  mark(name: string): MarkView {
    return this.#marks.get(name) ?? { name, favourite: false, tags: [] };
  }

  /** Know at once what was just told of a clip: the next change of it begins there. */
  setMark(mark: MarkView): void {
    this.#setMarks([...new Map(this.#marks).set(mark.name, mark).values()]);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Fetch the conversation; what events tell meanwhile is newer, and stays. */
  async load(onSlow: () => void): Promise<void> {
    this.#told.clear();
    const { reply } = await this.#channel.request({ type: "get_thread" }, onSlow);
    if (reply.type !== "thread") return;
    for (const turn of reply.turns) {
      if (!this.#told.has(turn.id)) this.#put(turn);
    }
    this.#setQueue(reply.queue);
    this.#setModel(reply.model);
    this.#setMarks(reply.marks);
  }

  /** A turn as the model of a player. */
  turnModel(id: number): Model {
    return new TurnModel(this, this.#line, id);
  }

  #hear(event: PanelEvent): void {
    switch (event?.type) {
      case "turn":
        this.#told.add(event.turn.id);
        this.#put(event.turn);
        break;
      case "take": {
        const turn = this.#turns.get(event.turn);
        if (!turn) return;
        const takes = turn.takes.with(event.index, event.take);
        this.#put({ ...turn, takes, state: event.state });
        break;
      }
      case "text": {
        const turn = this.#turns.get(event.turn);
        if (turn) this.#put({ ...turn, answer: event.text });
        break;
      }
      case "queue":
        this.#setQueue(event.order);
        break;
      case "model":
        this.#setModel(event.model);
        break;
      case "marks":
        this.#setMarks(event.marks);
        break;
      case "gone":
        this.#told.add(event.turn);
        this.#count(this.#turns.get(event.turn), -1);
        this.#turns.delete(event.turn);
        this.#sorted = undefined;
        if (event.turn === this.newest?.id) this.#findNewest();
        this.#tell({ gone: event.turn });
    }
  }

  #setQueue(queue: TakePlace[]): void {
    this.queue = queue;
    this.#tell({ queue });
  }

  #setModel(model: string): void {
    this.model = model;
    this.#tell({ model });
  }

  #setMarks(marks: MarkView[]): void {
    this.#marks = new Map(marks.map((mark) => [mark.name, mark]));
    this.#tell({ marks: this.#marks });
  }

  #findNewest(): void {
    this.newest = this.turns.findLast(({ takes }) => takes.length > 0);
  }

  // Counted as they change: a step of a render must not cost a look at every turn.
  #count(turn: TurnView | undefined, by: 1 | -1): void {
    if (turn?.state === "running") this.running += by;
    for (const take of turn?.takes ?? []) if (take.state === "done") this.done += by;
  }

  #put(turn: TurnView): void {
    this.#count(this.#turns.get(turn.id), -1);
    this.#count(turn, 1);
    this.#turns.set(turn.id, turn);
    this.#sorted = undefined;
    const isNewest = turn.place >= (this.newest?.place ?? 0);
    if (turn.takes.length > 0) this.newest = isNewest ? turn : this.newest;
    else if (turn.id === this.newest?.id) this.#findNewest(); // its clips were deleted
    this.#tell({ turn });
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

// A player reads its turn from the store and asks over the panel's own line.
class TurnModel implements Model {
  #store: Store;
  #line: Line<PanelRequest>;
  #id: number;
  #ends = new Map<Callback, () => void>();

  constructor(store: Store, line: Line<PanelRequest>, id: number) {
    this.#store = store;
    this.#line = line;
    this.#id = id;
  }

  get<K extends keyof PlayerState>(name: K): PlayerState[K] {
    const turn = this.#store.get(this.#id);
    const state: PlayerState = {
      request: turn?.words ?? "",
      note: turn?.note ?? "",
      turn_state: turn?.state ?? "thinking",
      takes: turn?.takes ?? [],
      own_id: "",
      follow_ups: [], // in the panel they are turns of the thread
    };
    return state[name];
  }

  send(request: PlayerRequest): void {
    this.#line.send({ ...request, turn: this.#id });
  }

  on(event: string, callback: Callback): void {
    if (event !== "change:takes") {
      // One event stands for all traits: the store tells of a turn as a whole.
      if (!event.startsWith("change:")) this.#line.on(event, callback);
      return;
    }
    const end = this.#store.listen((change) => {
      if ("turn" in change && change.turn.id === this.#id) callback();
    });
    this.#ends.set(callback, end);
  }

  off(event: string, callback: Callback): void {
    if (!event.startsWith("change:")) this.#line.off(event, callback);
    this.#ends.get(callback)?.();
    this.#ends.delete(callback);
  }
}
