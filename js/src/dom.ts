// A few lines instead of a framework.

type Attributes = Record<string, string | number | boolean>;

/** Make an element; `false` leaves an attribute away, `true` gives it no value. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  // Lab's shortcuts look for what has the focus before they look for this mark around
  // it: on the widget's root alone, `d d` on one of its buttons would delete the cell.
  if (CONTROLS.has(tag) || "tabindex" in attributes) {
    element.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  element.append(...children);
  return element;
}

const CONTROLS = new Set(["button", "input", "select", "textarea"]);

const SVG = "http://www.w3.org/2000/svg";

/** A 16-pixel icon drawn in the colour of the text; its control carries the label. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** A button with its key: seen in the tip, heard by a screen reader. */
export function keyButton(
  label: string,
  key: string,
  content: Node | string,
): HTMLButtonElement {
  const button = h("button", { type: "button", class: "nba-button" }, content);
  setLabel(button, label, key);
  return button;
}

export function setLabel(control: HTMLElement, label: string, key: string): void {
  control.setAttribute("aria-label", label);
  control.setAttribute("aria-keyshortcuts", key);
  control.title = `${label} (${KEY_NAMES[key] ?? key})`;
}

const KEY_NAMES: Record<string, string> = {
  Space: "space",
  ArrowLeft: "←",
  ArrowRight: "→",
};

/** Write text only when it changed: the reader of a live region hears it once. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Let one card be what fills the screen, of those that stand in it. */
export function bringToFront(card: HTMLElement, screen: HTMLElement): void {
  for (const other of screen.querySelectorAll(".nba-front")) {
    other.classList.remove("nba-front");
  }
  card.classList.add("nba-front");
}

/** The address of a JPEG that the kernel sent; who uses it takes it back. */
export function jpegUrl(bytes: DataView): string {
  const blob = new Blob([bytes as DataView<ArrayBuffer>], { type: "image/jpeg" });
  return URL.createObjectURL(blob);
}

/** Let the browser keep a file. */
export function keep(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: name }).click();
  // The browser reads the address after this task: take it back a little later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
