import { expect, test } from "vitest";
import { split, withOption, withoutFlag } from "../src/line";

test("options stand before the words, and only there", () => {
  const line = '--seed 7 --draft --model "a b" a cat --seed 3';
  expect(split(line)).toEqual({
    options: '--seed 7 --draft --model "a b"',
    words: "a cat --seed 3",
  });
  expect(split("a cat")).toEqual({ options: "", words: "a cat" });
});

test("an option is written, written over, and taken out", () => {
  expect(withOption("a cat", "seed", "7")).toBe("--seed 7 a cat");
  expect(withOption("--seed 7 --draft a cat", "seed", "9")).toBe(
    "--draft --seed 9 a cat",
  );
  expect(withOption("--seed=7 a cat", "seed", "")).toBe("a cat");
  expect(withOption("--takes 2 a cat", "draft", true)).toBe("--takes 2 --draft a cat");
  expect(withoutFlag("--draft --takes 2 a cat", "draft")).toBe("--takes 2 a cat");
  expect(withoutFlag("a cat --draft", "draft")).toBe("a cat --draft");
});
