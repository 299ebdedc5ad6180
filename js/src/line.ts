// A turn as it is typed: options before the words, as after `%agent`.

// `--name`, and what follows it unless that begins the words: only the kernel knows which
// options take a value, so the ones that do are named here.
const WITH_VALUE =
  "seed|takes|steps|frames|size|guidance|strength|span|region|cache|model";
const HEAD = new RegExp(
  `^\\s*((?:--(?:(?:${WITH_VALUE})(?:=|\\s+)(?:"[^"]*"|'[^']*'|\\S+)|[\\w-]+)\\s*)*)`,
);

/** Split a line into its options, as typed, and the words after them. */
export function split(line: string): { options: string; words: string } {
  const options = HEAD.exec(line)?.[1] ?? "";
  return {
    options: options.trim(),
    words: line.slice(line.indexOf(options) + options.length),
  };
}

/** Write an option into a line, instead of what it says now; "" takes it out. */
export function withOption(line: string, name: string, value: string | true): string {
  const { options, words } = split(line);
  const old = new RegExp(
    `(^|\\s)--${name}(?:(?:=|\\s+)(?!--)(?:"[^"]*"|'[^']*'|\\S+))?(?=\\s|$)`,
  );
  const flag = new RegExp(`(^|\\s)--${name}(?=\\s|$)`);
  const rest = options.replace(value === true ? flag : old, "").trim();
  const stated = value === true ? `--${name}` : value && `--${name} ${value}`;
  return [rest, stated, words.trimStart()].filter(Boolean).join(" ");
}

/** Take a flag, such as `--draft`, out of a line. */
export function withoutFlag(line: string, name: string): string {
  const { options, words } = split(line);
  const rest = options.replace(new RegExp(`(^|\\s)--${name}(?=\\s|$)`), "").trim();
  return [rest, words.trimStart()].filter(Boolean).join(" ");
}
