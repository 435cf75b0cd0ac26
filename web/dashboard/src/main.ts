// The page of the address's fragment, drawn again each five seconds; keys; the token.
import * as api from './api';
import { device } from './device';
import { h } from './dom';
import { fleet } from './fleet';
import { rollout } from './rollout';
import './style.css';

const kAgain_ms = 5000;

const by = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const main = by('main'), enter = by<HTMLDialogElement>('enter'), keys = by<HTMLDialogElement>('keys');

function say(text: string): void {
  by('said').textContent = text;
}

function page(): Promise<HTMLElement> {
  const [path = '', query = ''] = location.hash.slice(1).split('?');
  const [, name = '', which = ''] = path.split('/');
  if (name === 'rollout') return rollout(Number(which), () => void draw(), say);
  if (name === 'device') return device(decodeURIComponent(which));
  return fleet(new URLSearchParams(query));
}

function mark(): void {
  for (const link of document.querySelectorAll('header nav a')) {
    const here = location.hash.startsWith(link.getAttribute('href') ?? '-') || (link.textContent === 'Fleet' && !location.hash.startsWith('#/rollout'));
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

let drawing = 0;

async function draw(): Promise<void> {
  const mine = ++drawing;
  if (!api.token.get()) return ask('');
  try {
    const next = await page();
    if (mine !== drawing) return;
    main.replaceChildren(next);
    by('leave').hidden = false;
  } catch (error) {
    if (mine !== drawing) return;
    if (error instanceof api.Unauthorised) return ask(error.message);
    main.replaceChildren(h('p', { class: 'bad', role: 'alert' }, (error as Error).message));
  }
  mark();
}

function ask(wrong: string): void {
  api.token.forget();
  by('wrong').textContent = wrong;
  if (!enter.open) enter.showModal();
}

// Rows with a link, moved through by j and k.
function move(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('tr[data-link]')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.querySelector('a')?.focus();
}

const kKeys: Record<string, () => void> = {
  '1': () => (location.hash = '#/fleet'),
  '2': () => (location.hash = '#/rollout'),
  '/': () => by('filter')?.focus(),
  j: () => move(1),
  k: () => move(-1),
  '?': () => keys.showModal(),
};

addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || enter.open || keys.open;
  const act = kKeys[event.key];
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !act) return;
  event.preventDefault();
  act();
});
addEventListener('hashchange', () => {
  say('');
  void draw().then(() => {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
});
enter.addEventListener('cancel', (event) => event.preventDefault());
enter.addEventListener('close', () => {
  api.token.set(by<HTMLInputElement>('token').value.trim());
  by<HTMLInputElement>('token').value = '';
  void draw();
});
by('leave').addEventListener('click', () => {
  by('leave').hidden = true;
  main.replaceChildren();
  ask('');
});
setInterval(() => {
  const busy = document.hidden || enter.open || main.contains(document.activeElement) && document.activeElement !== main;
  if (!busy) void draw();
}, kAgain_ms);
void draw();
