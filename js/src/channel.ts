// Requests to the kernel: each has an id, and each is answered once, errors too.

import type { AnyModel } from "@anywidget/types";
import type { PlayerState, Reply, Request } from "./wire";

export type Model = AnyModel<PlayerState>;

export type WithoutId<T> = T extends Request ? Omit<T, "id"> : never;

export interface Answer {
  reply: Exclude<Reply, { type: "error" }>;
  bytes: DataView | undefined;
}

/** The kernel answered that it cannot; the message is its one clear line. */
export class KernelError extends Error {}

/** How long the kernel may be silent before the view says that it is. */
export const SLOW_MS = 10_000;

export class Channel {
  #model: Model;
  #waiting = new Map<string, (reply: Reply, bytes: DataView | undefined) => void>();
  // Replies reach every view of the model: ids of two views must never be equal.
  #prefix = Math.random().toString(36).slice(2, 10);
  #count = 0;

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    const onReply = (reply: Reply, buffers: DataView[]) => {
      const settle = this.#waiting.get(reply?.id);
      this.#waiting.delete(reply?.id);
      settle?.(reply, buffers?.[0]);
    };
    model.on("msg:custom", onReply);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", onReply);
      this.#waiting.clear();
    });
  }

  /**
   * Send a request. A silent kernel is not an error: it may be busy, and its answer is
   * good however late it comes, so `onSlow` only lets the view say so.
   */
  request(body: WithoutId<Request>, onSlow?: () => void): Promise<Answer> {
    const id = `${this.#prefix}-${++this.#count}`;
    const slow = setTimeout(() => onSlow?.(), SLOW_MS);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply, bytes) => {
        clearTimeout(slow);
        if (reply.type === "error") reject(new KernelError(reply.message));
        else resolve({ reply, bytes });
      });
      this.#model.send({ ...body, id });
    });
  }
}
