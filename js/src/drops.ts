// What is dropped or pasted into the box: a clip of the gallery by its name, and a picture
// or a film as a new variable of the notebook.

import type { PanelChannel } from "./store";
import { lineOf, sizeText } from "./text";

/** What a dragged clip carries: its name as it is said. */
export const CLIP_MIME = "application/x-nbagent-clip";
const MOST_BYTES = 9_000_000; // a message to the kernel may have ten megabytes

interface Hooks {
  insert: (word: string) => void;
  say: (text: string) => void;
}

export function takeDrops(
  field: HTMLElement,
  channel: PanelChannel,
  hooks: Hooks,
): void {
  const carries = (data: DataTransfer | null) =>
    data !== null && (data.types.includes(CLIP_MIME) || data.types.includes("Files"));
  field.addEventListener("dragover", (event) => {
    if (!carries(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would take a file for itself
    field.classList.add("nba-drop");
  });
  field.addEventListener("dragleave", () => field.classList.remove("nba-drop"));
  field.addEventListener("drop", (event) => {
    field.classList.remove("nba-drop");
    if (!carries(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    const said = event.dataTransfer?.getData(CLIP_MIME);
    if (said) hooks.insert(said);
    else void bring([...(event.dataTransfer?.files ?? [])]);
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return; // words are the browser's business
    event.preventDefault();
    void bring(files);
  });

  async function bring(files: File[]): Promise<void> {
    for (const file of files) {
      if (file.size > MOST_BYTES) {
        hooks.say(
          `${file.name} has ${sizeText(file.size)}, and a drop may have` +
            ` ${sizeText(MOST_BYTES)}: open it in a cell, with nbagent.Clip.open(...)`,
        );
        continue;
      }
      hooks.say(`bringing ${file.name} into the notebook`);
      try {
        const body = { type: "bring", file_name: file.name } as const;
        const content = await file.arrayBuffer();
        const { reply } = await channel.request(body, undefined, [content]);
        if (reply.type !== "brought") continue;
        hooks.say("");
        hooks.insert(`@${reply.name}`);
      } catch (error) {
        hooks.say(lineOf(error));
      }
    }
  }
}
