// A turn as it is typed: options before the words or right behind them, as in `%agent`.

// `--name`, and what follows it unless that begins the words: only the kernel knows which
// options take a value, so the ones that do are named here.
const WITH_VALUE =
  "seed|takes|steps|frames|size|fit|guidance|strength|span|region|actor|cache|model";
const HEAD = new RegExp(
  `^\\s*((?:--(?:(?:${WITH_VALUE})(?:=|\\s+)(?:"[^"]*"|'[^']*'|\\S+)|[\\w-]+)\\s*)*)`,
);

const FLAGS = "draft|final|detach|yes|dry-run";
const TAIL = new RegExp(
  `((?:\\s+--(?:(?:${WITH_VALUE})(?:=|\\s+)(?:"[^"]*"|'[^']*'|\\S+)|(?:${FLAGS})))+)\\s*$`,
);

/** Split a line into its options, as typed, and the words between them. */
export function split(line: string): { options: string; words: string } {
  const head = HEAD.exec(line)?.[1] ?? "";
  const rest = line.slice(line.indexOf(head) + head.length);
  // After a lone `--` all is words.
  const tail = /^\s*--\s/.test(rest) ? "" : (TAIL.exec(rest)?.[1] ?? "");
  return {
    options: [head.trim(), tail.trim()].filter(Boolean).join(" "),
    words: tail ? rest.slice(0, rest.lastIndexOf(tail)) : rest,
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

/** What the words say that has this form, such as "16:9"; "" if nothing has. */
export function phraseOf(words: string, form: RegExp): string {
  return form.exec(words)?.[0] ?? "";
}

/** Say a phrase at the end of the words, instead of the one of its form that is there. */
export function withPhrase(line: string, form: RegExp, phrase: string): string {
  const { options, words } = split(line);
  const old = new RegExp(`(?:,\\s*)?${form.source}`);
  const rest = words.replace(old, "").trim();
  const said = [rest, phrase].filter(Boolean).join(", ");
  return [options, said].filter(Boolean).join(" ");
}
