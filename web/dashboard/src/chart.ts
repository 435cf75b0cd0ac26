// Line charts as SVG: a title, the range of both axes in numbers, lines, and dashed limits.
import { h, svg } from './dom';

export interface Line {
  name: string;
  points: [number, number][];
}

export interface Chart {
  title: string;
  x: string;
  lines: Line[];
  limits?: { name: string; y: number }[];
}

const kWidth = 560, kHeight = 170, kLeft = 56, kRight = 12, kTop = 12, kBottom = 30;

const short = (n: number): string => (Math.abs(n) >= 1000 ? n.toLocaleString('en', { maximumFractionDigits: 0 }) : String(Number(n.toPrecision(3))));

export function chart(c: Chart): HTMLElement {
  const all = c.lines.flatMap((line) => line.points);
  const title = h('figcaption', {}, c.title);
  if (all.length === 0) return h('figure', {}, title, h('p', { class: 'nothing' }, 'Nothing yet.'));
  const xs = all.map((p) => p[0]), ys = [...all.map((p) => p[1]), ...(c.limits ?? []).map((l) => l.y)];
  const x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 1e-9), low = Math.min(...ys, 0), high = Math.max(...ys, low + 1e-9);
  const x = (v: number): number => kLeft + ((v - x0) / (x1 - x0)) * (kWidth - kLeft - kRight);
  const y = (v: number): number => kHeight - kBottom - ((v - low) / (high - low)) * (kHeight - kTop - kBottom);
  const label = (text: string, at: [number, number], anchor: string): SVGElement => svg('text', { x: at[0], y: at[1], 'text-anchor': anchor }, text);
  const drawing = svg('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img', 'aria-label': `${c.title}: ${short(low)} to ${short(high)}` },
    svg('path', { class: 'axis', d: `M${kLeft} ${kTop}V${kHeight - kBottom}H${kWidth - kRight}` }),
    label(short(high), [kLeft - 6, kTop + 8], 'end'), label(short(low), [kLeft - 6, kHeight - kBottom], 'end'),
    label(short(x0), [kLeft, kHeight - 14], 'start'), label(`${short(x1)} ${c.x}`, [kWidth - kRight, kHeight - 14], 'end'));
  for (const limit of c.limits ?? []) {
    drawing.append(svg('path', { class: 'limit', d: `M${kLeft} ${y(limit.y)}H${kWidth - kRight}` }), label(limit.name, [kWidth - kRight - 4, y(limit.y) - 4], 'end'));
  }
  c.lines.forEach((line, i) => drawing.append(svg('path', { class: `line line${i}`, d: line.points.map((p, k) => `${k ? 'L' : 'M'}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join('') })));
  const legend = h('ul', { class: 'legend' }, ...c.lines.map((line, i) => h('li', { class: `line${i}` }, `${line.name}: ${short(line.points.at(-1)?.[1] ?? 0)}`)));
  return h('figure', {}, title, drawing, legend);
}
