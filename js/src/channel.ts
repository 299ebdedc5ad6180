// Requests to the kernel: each has an id, and each is answered once, errors too.

import type { AnyModel } from "@anywidget/types";
import type { ErrorReply, PlayerReply, PlayerRequest, PlayerState } from "./wire";

export type Callback = NonNullable<Parameters<AnyModel["off"]>[1]>;

/** The way to the kernel: a widget's model has it, whoever made the model. */
export interface Line<Sent> {
  send(message: Sent, callbacks?: undefined, buffers?: ArrayBuffer[]): void;
  on(event: string, callback: Callback): void;
  off(event: string, callback: Callback): void;
}

/** What a player needs of its model: a cell's widget is one, a turn of the panel too. */
export interface Model extends Line<PlayerRequest> {
  get<K extends keyof PlayerState>(name: K): PlayerState[K];
}

export type WithoutId<T> = T extends { id: string } ? Omit<T, "id"> : never;

export interface Answer<Heard> {
  reply: Exclude<Heard, ErrorReply>;
  bytes: DataView | undefined;
  /** All that travelled beside the reply; `bytes` is the first. */
  buffers: DataView[];
}

/** The kernel answered that it cannot; the message is its one clear line. */
export class KernelError extends Error {}

/** How long the kernel may be silent before the view says that it is. */
export const SLOW_MS = 10_000;

export class Channel<
  Sent extends { id: string } = PlayerRequest,
  Heard extends { type: string; id: string } = PlayerReply,
> {
  #line: Line<Sent>;
  #waiting = new Map<string, (reply: Heard, buffers: DataView[]) => void>();
  // Replies reach every view of the model: ids of two views must never be equal.
  #prefix = Math.random().toString(36).slice(2, 10);
  #count = 0;

  constructor(line: Line<Sent>, signal: AbortSignal) {
    this.#line = line;
    const onReply = (reply: Heard, buffers: DataView[]) => {
      const settle = this.#waiting.get(reply?.id);
      this.#waiting.delete(reply?.id);
      settle?.(reply, buffers ?? []);
    };
    line.on("msg:custom", onReply);
    signal.addEventListener("abort", () => {
      line.off("msg:custom", onReply);
      this.#waiting.clear();
    });
  }

  /**
   * Send a request. A silent kernel is not an error: it may be busy, and its answer is
   * good however late it comes, so `onSlow` only lets the view say so.
   */
  request(
    body: WithoutId<Sent>,
    onSlow?: () => void,
    buffers?: ArrayBuffer[],
  ): Promise<Answer<Heard>> {
    const id = `${this.#prefix}-${++this.#count}`;
    const slow = setTimeout(() => onSlow?.(), SLOW_MS);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply, buffers) => {
        clearTimeout(slow);
        if (isError(reply)) reject(new KernelError(reply.message));
        else {
          const good = reply as Exclude<Heard, ErrorReply>;
          resolve({ reply: good, bytes: buffers[0], buffers });
        }
      });
      const message = { ...body, id } as unknown as Sent;
      if (buffers) this.#line.send(message, undefined, buffers);
      else this.#line.send(message);
    });
  }
}

function isError(reply: { type: string }): reply is ErrorReply {
  return reply.type === "error";
}
