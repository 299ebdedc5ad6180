// A kernel that was restarted does not know the panel's model. Where the host lets a
// widget talk to its kernel, the panel asks the new one for a model and goes on with it.

import type { Line } from "./channel";
import type { PanelRequest } from "./wire";

export type PanelLine = Line<PanelRequest>;

const EXPRESSION = `__import__("nbagent.notebook.magics", fromlist=["_"]).reconnect()`;
const POLL_MS = 500;
const NOT_YET = ["restarting", "autorestarting", "starting", "unknown"];

interface Result {
  status: "ok" | "error";
  data?: Record<string, string>;
  evalue?: string;
}

interface Kernel {
  status: string;
  requestExecute(content: Record<string, unknown>): {
    done: Promise<{ content: { user_expressions?: { panel?: Result } } }>;
  };
}

/** What JupyterLab's widget manager has, and other hosts may not. */
interface Manager {
  kernel?: Kernel | null;
  get_model(id: string): Promise<unknown>;
  has_model?(id: string): boolean;
}

/** Whether the host lets a widget talk to its kernel. */
export function canReconnect(manager: unknown): manager is Manager {
  return typeof (manager as Manager | null)?.kernel?.requestExecute === "function";
}

/** Get a model from the kernel that runs now, as soon as it runs. */
export async function reconnect(
  manager: Manager,
  signal: AbortSignal,
): Promise<PanelLine> {
  while (!manager.kernel || NOT_YET.includes(manager.kernel.status)) {
    if (manager.kernel?.status === "dead") throw new Error("the kernel has died");
    await pause(signal);
  }
  const { content } = await manager.kernel.requestExecute({
    code: "",
    silent: true,
    store_history: false,
    user_expressions: { panel: EXPRESSION },
  }).done;
  const result = content.user_expressions?.panel;
  const id = result?.data?.["text/plain"]?.replace(/^'|'$/g, "");
  if (result?.status !== "ok" || !id) {
    throw new Error(result?.evalue || "the kernel gave no answer");
  }
  // The reply and the model come by two channels, in either order.
  while (manager.has_model?.(id) === false) await pause(signal);
  return (await manager.get_model(id)) as PanelLine;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(new Error("the panel was closed"));
    else setTimeout(resolve, POLL_MS);
  });
}
