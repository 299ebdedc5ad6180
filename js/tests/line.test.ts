import { expect, test } from "vitest";
import { split, withOption, withoutFlag } from "../src/line";

test("options stand before the words or right behind them", () => {
  const line = '--seed 7 --model "a b" a cat --fast on a mat --draft --takes 3';
  expect(split(line)).toEqual({
    options: '--seed 7 --model "a b" --draft --takes 3',
    words: "a cat --fast on a mat",
  });
  expect(split("a cat")).toEqual({ options: "", words: "a cat" });
  const kept = "-- a cat --draft";
  expect(split(kept)).toEqual({ options: "", words: kept });
});

test("an option is written, written over, and taken out", () => {
  expect(withOption("a cat", "seed", "7")).toBe("--seed 7 a cat");
  expect(withOption("--seed 7 --draft a cat", "seed", "9")).toBe(
    "--draft --seed 9 a cat",
  );
  expect(withOption("--seed=7 a cat", "seed", "")).toBe("a cat");
  expect(withOption("--takes 2 a cat", "draft", true)).toBe("--takes 2 --draft a cat");
  expect(withoutFlag("--draft --takes 2 a cat", "draft")).toBe("--takes 2 a cat");
  expect(withoutFlag("a cat --draft", "draft")).toBe("a cat");
  expect(withOption("a cat --seed 7", "seed", "9")).toBe("--seed 9 a cat");
});
