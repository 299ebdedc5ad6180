// Clips play while they are seen, muted and in a loop, unless less motion is asked for.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const watcher = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting && !still.matches) target.play().catch(() => {});
    else target.pause();
  }
});
for (const video of document.querySelectorAll(".nba-static video")) watcher.observe(video);
