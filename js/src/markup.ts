// What a language model's Markdown says, as nodes of the page that do nothing but say it.
//
// The kernel has made HTML of it that holds no code. Nothing is trusted here all the same:
// of what is parsed, in a document that loads and runs nothing, only these are made anew.

const KEPT =
  "a blockquote br code del em hr li ol p pre strong table tbody td th thead tr ul";

// A turn is an article: its headings are below those of the page.
const HEADINGS = { h1: "h4", h2: "h4", h3: "h5", h4: "h5", h5: "h6", h6: "h6" };

const TAGS = new Map(Object.entries(HEADINGS));
for (const tag of KEPT.split(" ")) TAGS.set(tag, tag);

/** Of elements that are not kept, what they hold is. */
export function harmless(html: string): DocumentFragment {
  const made = document.createDocumentFragment();
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const child of body.childNodes) copy(child, made);
  return made;
}

function copy(node: Node, into: Node): void {
  if (node.nodeType === Node.TEXT_NODE) into.appendChild(node.cloneNode());
  if (!(node instanceof Element)) return;
  const tag = TAGS.get(node.localName);
  const made = tag === undefined ? undefined : document.createElement(tag);
  if (made instanceof HTMLAnchorElement) lead(made, node.getAttribute("href") ?? "");
  if (made) into.appendChild(made);
  for (const child of node.childNodes) copy(child, made ?? into);
}

function lead(link: HTMLAnchorElement, href: string): void {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return;
  link.href = href;
  link.target = "_blank"; // the notebook stays
  link.rel = "noopener noreferrer";
}
