// Fetches the tools. They are no part of the player's own script, because an executed
// notebook stores that once per player.

import { h } from "./dom";
import type { Host, Tools } from "./host";
import type * as Module from "./tools";

export async function loadTools(host: Host): Promise<Tools> {
  const { buffers } = await host.channel.request({ type: "get_tools" });
  const [script, style] = buffers as DataView<ArrayBuffer>[];
  if (!script || !style) throw new Error("the kernel sent no tools: reload the page");
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    const module = (await import(url)) as typeof Module;
    host.root.append(h("style", {}, new TextDecoder().decode(style)));
    return module.open(host);
  } finally {
    URL.revokeObjectURL(url);
  }
}
