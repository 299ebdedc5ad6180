// Of HTML that a language model may have had a hand in, only what says something is made.

import { expect, test } from "vitest";
import { harmless } from "../src/markup";

function shown(html: string): HTMLElement {
  const el = document.createElement("div");
  el.append(harmless(html));
  return el;
}

test("what says something is there", () => {
  const html =
    '<h1>Why</h1><p>a <a href="https://example.com/">page</a>, <code>c1</code></p>' +
    "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>";
  const el = shown(html);
  expect(el.querySelector("h4")?.textContent).toBe("Why");
  expect(el.querySelector("td")?.textContent).toBe("1");
  const link = el.querySelector("a");
  expect(link?.href).toBe("https://example.com/");
  expect(link?.target).toBe("_blank");
  expect(link?.rel).toContain("noopener");
});

test.each([
  "<script>alert(1)</script>",
  '<p onclick="alert(1)" style="position:fixed" id="x" class="nba-send">a</p>',
  '<img src="https://example.com/?secret">',
  "<svg onload=alert(1)><a href=javascript:alert(1)><script>alert(1)</script></a></svg>",
  "<a href='javascript:alert(1)'>a</a>",
  "<a href=' java\nscript:alert(1)'>a</a>",
  "<a href='data:text/html;base64,PHNjcmlwdD4='>a</a>",
  "<a href='//example.com' onmouseover=alert(1)>a</a>",
  "<object data='//example.com'></object><form action='//example.com'><input></form>",
  "<constructor>a</constructor><template><img src=x></template>",
  "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table>",
])("nothing in it acts or is loaded: %s", (html) => {
  const el = shown(html);
  const kept = [...el.querySelectorAll("*")];
  const names = new Set(kept.map(({ localName }) => localName));
  expect([...names].filter((name) => !["p", "a", "table"].includes(name))).toEqual([]);
  expect(kept.flatMap((one) => one.getAttributeNames())).toEqual([]);
});
