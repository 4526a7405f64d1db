import type { Palette } from "../shell/theme.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A chart in a picture, and what stands above it. */
export interface PicturedChart {
  readonly heading: string;
  readonly note: string;
  readonly draw: (context: CanvasRenderingContext2D, box: Box) => void;
}

export interface Picture {
  readonly title: string;
  /** The time it is of, and by whose clocks. */
  readonly range: string;
  readonly charts: readonly PicturedChart[];
}

/** So many pixels for each that is laid out: a picture is looked at larger than it was, and printed. */
export const picturePixels = 2;
const width = 1000;
const margin = 24;
const titleHeight = 64;
const headingHeight = 28;
const chartHeight = 230;
const gap = 18;
const family = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, Arial, sans-serif';

/** Draws charts below each other on the ground of the theme that is shown. */
export function drawPicture({ title, range, charts }: Picture, palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const rowHeight = headingHeight + chartHeight + gap;
  const height = margin + titleHeight + charts.length * rowHeight;
  canvas.width = width * picturePixels;
  canvas.height = height * picturePixels;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser has no memory left for a picture.");
  context.scale(picturePixels, picturePixels);
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, height);
  const inside = width - 2 * margin;
  const write = (text: string, at: { x: number; y: number; most: number }, font: string): number => {
    context.font = `${font} ${family}`;
    const fitting = shortened(text, (one) => context.measureText(one).width <= at.most);
    context.fillText(fitting, at.x, at.y);
    return context.measureText(fitting).width;
  };
  context.fillStyle = palette.ink;
  write(title, { x: margin, y: margin + 18, most: inside }, "650 20px");
  context.fillStyle = palette.text;
  write(range, { x: margin, y: margin + 42, most: inside }, "14px");
  for (const [at, { heading, note, draw }] of charts.entries()) {
    const y = margin + titleHeight + at * rowHeight;
    context.fillStyle = palette.ink;
    const used = write(heading, { x: margin, y: y + 16, most: inside * 0.6 }, "600 15px");
    context.fillStyle = palette.text;
    write(note, { x: margin + used + 12, y: y + 16, most: inside - used - 12 }, "13px");
    draw(context, { x: margin, y: y + headingHeight, width: inside, height: chartHeight });
  }
  return canvas;
}

/** The text, or as much of its beginning as fits with an ellipsis. */
export function shortened(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  const letters = [...text];
  const most = letters.findLastIndex((_, at) => fits(`${letters.slice(0, at).join("")}…`));
  return `${letters.slice(0, Math.max(0, most)).join("")}…`;
}

/** Hands it to the browser as a file to keep. */
export async function savePicture(canvas: HTMLCanvasElement, name: string): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("This browser could not make a PNG of it.");
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  // The browser has begun to read it when the click is over.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
