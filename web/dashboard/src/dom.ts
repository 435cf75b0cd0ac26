// Elements from text: nothing that a device or a deployment says is ever read as HTML.

type Child = Node | string | number | null | false;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;

function put(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== null && child !== false) element.append(child instanceof Node ? child : String(child));
}

// h('a', {href: '#/fleet', onclick: f}, 'Fleet')
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  put(element, attributes, children);
  return element;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  put(element, attributes, children);
  return element;
}

export function table(caption: string, heads: string[], rows: HTMLTableRowElement[]): HTMLElement {
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  return h('div', { class: 'scroll' }, h('table', {}, h('caption', {}, caption), h('thead', {}, head), h('tbody', {}, ...rows)));
}

export const count = (n: number): string => n.toLocaleString('en');
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function ago(time_s: number): string {
  if (!time_s) return 'never';
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - time_s));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`;
}

export function health(word: string): HTMLElement {
  return h('span', { class: `health ${word.toLowerCase()}` }, word);
}
