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
