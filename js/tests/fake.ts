// A model as the widget host gives it: traits, custom messages, listeners.

import type { RenderProps } from "@anywidget/types";
import type { PlayerReply, PlayerRequest, PlayerState, TakeView } from "../src/wire";

type Listener = (...values: never[]) => void;

export class FakeModel {
  sent: PlayerRequest[] = [];
  time = 0;
  /** The models that the page has besides this one, by their ids. */
  models: Record<string, unknown> = {};
  widget_manager = {
    get_model: async (id: string) => {
      if (!this.models[id]) throw new Error(`no model ${id}`);
      return this.models[id];
    },
  };
  #listeners = new Map<string, Set<Listener>>();
  #state: PlayerState;

  constructor(state: Partial<PlayerState> = {}) {
    this.#state = {
      request: "",
      note: "",
      turn_state: "thinking",
      takes: [],
      own_id: "player",
      follow_ups: [],
      ...state,
    };
  }

  get<K extends keyof PlayerState>(name: K): PlayerState[K];
  get(name: "time"): number;
  get(name: keyof PlayerState | "time"): unknown {
    return name === "time" ? this.time : this.#state[name];
  }

  /** The widgets' own way to change a value, which stays in the browser. */
  set(_name: "time", value: number): void {
    this.time = value;
    this.#emit("change:time");
  }

  on(event: string, listener: Listener): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  send(request: PlayerRequest): void {
    this.sent.push(request);
  }

  change(state: Partial<PlayerState>): void {
    Object.assign(this.#state, state);
    for (const name of Object.keys(state)) this.#emit(`change:${name}`);
  }

  reply(reply: PlayerReply, ...buffers: DataView[]): void {
    this.#emit("msg:custom", reply, buffers);
  }

  loseKernel(): void {
    this.#emit("comm_live_update");
  }

  /** The newest request of a type, or a failure that says what came instead. */
  last<K extends PlayerRequest["type"]>(type: K): Extract<PlayerRequest, { type: K }> {
    const found = this.sent.findLast((request) => request.type === type);
    if (!found) throw new Error(`no ${type} in ${JSON.stringify(this.sent)}`);
    return found as Extract<PlayerRequest, { type: K }>;
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  asModel(): RenderProps<PlayerState>["model"] {
    return this as unknown as RenderProps<PlayerState>["model"];
  }

  #emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      listener(...(values as never[]));
    }
  }
}

export function take(fields: Partial<TakeView> = {}): TakeView {
  return {
    name: "c1",
    state: "queued",
    phase: null,
    step: 0,
    num_steps: 20,
    elapsed_s: 0,
    eta_s: null,
    message: "",
    has_draft: false,
    fps: 8,
    num_frames: 16,
    width: 64,
    height: 64,
    prompt: "red ball, beach, sunset",
    seed: 42,
    model: "pocket",
    quality: "final",
    parent: "",
    changes: [],
    is_scene: false,
    ...fields,
  };
}
