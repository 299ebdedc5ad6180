// What changes something in the kernel, and answers in a line.

import type { PanelChannel } from "./store";
import { lineOf } from "./text";

/** Ask for it and say its line, or the error's; tells whether it was done. */
export async function act(
  channel: PanelChannel,
  body: Parameters<PanelChannel["request"]>[0],
  say: (text: string) => void,
  onLate?: () => void,
): Promise<boolean> {
  try {
    const { reply } = await channel.request(body, onLate);
    if (reply.type === "line") say(reply.line);
    return true;
  } catch (error) {
    say(lineOf(error));
    return false;
  }
}
