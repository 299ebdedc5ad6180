// The panel's place beside the notebook: it fills that, and the place is wide enough.

/** Let a docked panel have the whole of its place; in a cell there is nothing to do. */
export function fill(el: HTMLElement): void {
  const sidecar = el.closest(".jupyterlab-sidecar");
  // Notebook 7 makes one, and leaves it off the page.
  if (!sidecar?.isConnected) return;
  // The cell's hint that the panel is nowhere to be seen is not true here.
  el.ownerDocument.body.classList.add("nba-docked");
  for (let one = el; one !== sidecar && one.parentElement; one = one.parentElement) {
    one.classList.add("nba-dock");
    const before = one.previousElementSibling;
    if (before?.matches(".jp-OutputPrompt")) before.classList.add("nba-dock-prompt");
  }
  sidecar.classList.add("nba-dock");
}

// A sidebar of JupyterLab opens 250 pixels wide, too narrow to read a conversation, and
// nobody but its handle can make it wider. So the handle is drawn, once, as by a hand.

const NARROW_PX = 300;
const WIDTH_PX = 380;

/** Widen the sidebar around an element to a readable width, if it is narrower. */
export function widen(el: HTMLElement): void {
  const area = el.closest(".jp-SideArea, #jp-right-stack");
  const stack = area?.closest<HTMLElement>(".lm-SplitPanel-child") ?? area;
  if (!stack || el.offsetWidth === 0 || el.offsetWidth >= NARROW_PX) return;
  const edge = stack.getBoundingClientRect().left;
  const handles = document.querySelectorAll<HTMLElement>(".lm-SplitPanel-handle");
  const handle = [...handles].find((one) => {
    const { left, right, height } = one.getBoundingClientRect();
    return height > 0 && left <= edge + 1 && right >= edge - 8 && right <= edge + 8;
  });
  if (!handle) return;
  const { left, top } = handle.getBoundingClientRect();
  const at = (type: string, clientX: number) =>
    handle.dispatchEvent(
      new PointerEvent(type, { bubbles: true, button: 0, clientX, clientY: top + 9 }),
    );
  at("pointerdown", left + 1);
  at("pointermove", left + 1 - (WIDTH_PX - el.offsetWidth));
  at("pointerup", left + 1 - (WIDTH_PX - el.offsetWidth));
}
