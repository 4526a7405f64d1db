// Both run in the page, as text, since nothing else here knows of documents.

/**
 * Looks at the right end of the first chart in every frame, and notes when a mark in the colour of critical anomalies stands further right
 * than the one before did.
 */
export const watchForMarks = `(() => {
  const probe = document.createElement("span");
  probe.style.color = "var(--critical)";
  document.body.append(probe);
  const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const end = 90, ribbon = 12, clear = 2;
  const state = { last: -1, waiting: null };
  const rightmost = () => {
    const canvas = document.querySelector("canvas");
    if (canvas === null) return -1;
    const scale = canvas.width / canvas.clientWidth;
    const width = Math.round(end * scale), top = Math.round(ribbon * scale);
    const { data, height } = canvas.getContext("2d").getImageData(canvas.width - width, top, width, canvas.height - top);
    for (let x = width - 1; x >= 0; x -= 1)
      for (let y = 0; y < height; y += 1) {
        const at = 4 * (y * width + x);
        if (Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 30) return x / scale;
      }
    return -1;
  };
  const look = () => {
    const place = rightmost();
    const isNew = place > state.last + clear;
    state.last = place;
    if (isNew && state.waiting !== null) {
      const seen = state.waiting;
      state.waiting = null;
      requestAnimationFrame(() => seen(performance.timeOrigin + performance.now()));
    }
    requestAnimationFrame(look);
  };
  window.newMark = () => new Promise((resolve) => { state.waiting = resolve; });
  look();
})()`;

/** Resolves at the next mark: when the frame after it began, in milliseconds since the epoch. */
export const newMark = "window.newMark()";
