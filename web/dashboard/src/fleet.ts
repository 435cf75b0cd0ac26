// The fleet: counts that lead to lists, versions by hardware, and the devices that a query holds for.
import * as api from './api';
import { ago, count, h, health, table } from './dom';

const kPage = 100;

export const fleetLink = (query: string): string => `#/fleet?query=${encodeURIComponent(query)}`;

function number(name: string, n: number, query: string, kind = ''): HTMLElement {
  return h('a', { class: `number ${n ? kind : ''}`, href: fleetLink(query) }, h('b', {}, count(n)), ` ${name}`);
}

function numbers(s: api.Summary): HTMLElement {
  return h('section', { class: 'numbers', 'aria-label': 'Counts' },
    number('devices', s.devices, ''),
    number('healthy', s.health['HEALTHY'] ?? 0, 'health=HEALTHY', 'good'),
    number('degraded', s.health['DEGRADED'] ?? 0, 'health=DEGRADED', 'bad'),
    number('unknown', s.health['UNKNOWN'] ?? 0, 'health=UNKNOWN'),
    number('drifted', s.drifted, 'drift=yes', 'bad'),
    number('silent', s.silent, 'silent=yes', 'bad'));
}

function matrix(s: api.Summary): HTMLElement {
  const hardware = [...new Set(s.versions.map((v) => v.hardware))].sort();
  const versions = [...new Set(s.versions.map((v) => v.version))];
  const cell = (version: number, kind: string): HTMLElement => {
    const found = s.versions.find((v) => v.version === version && v.hardware === kind);
    if (!found) return h('td', { class: 'none' }, '–');
    const query = `version=${version},hardware=${kind}`;
    const bad = found.degraded ? h('a', { class: 'bad', href: fleetLink(`${query},health=DEGRADED`) }, `${count(found.degraded)} degraded`) : null;
    return h('td', {}, h('a', { href: fleetLink(query) }, count(found.devices)), bad && ' · ', bad);
  };
  return table('Devices by version and hardware', ['Version', ...hardware.map((kind) => kind || 'not told yet')],
    versions.map((v) => h('tr', {}, h('th', { scope: 'row' }, v === 0 ? 'none' : String(v)), ...hardware.map((kind) => cell(v, kind)))));
}

function row(d: api.Device): HTMLTableRowElement {
  const link = `#/device/${encodeURIComponent(d.id)}`;
  const latency = d.numbers?.['latency_ms'];
  return h('tr', { 'data-link': link },
    h('th', { scope: 'row' }, h('a', { href: link }, d.id)), h('td', {}, d.hardware), h('td', {}, d.version || '–'), h('td', {}, d.state || '–'),
    h('td', {}, health(d.health)), h('td', {}, typeof latency === 'number' ? `${latency.toFixed(2)} ms` : '–'), h('td', {}, ago(d.seen_s)), h('td', { class: 'reason' }, d.reason));
}

function filter(query: string): HTMLElement {
  const input = h('input', { id: 'filter', name: 'query', value: query, placeholder: 'health=DEGRADED,label.site=bonn', autocomplete: 'off', spellcheck: 'false' });
  const go = (event: Event): void => {
    event.preventDefault();
    location.hash = fleetLink(input.value.trim());
  };
  return h('form', { class: 'filter', role: 'search', onsubmit: go }, h('label', {}, 'Query ', input), h('button', {}, 'Filter'),
    query ? h('a', { href: fleetLink('') }, 'All devices') : null);
}

export async function fleet(parameters: URLSearchParams): Promise<HTMLElement> {
  const query = parameters.get('query') ?? '', after = parameters.get('after') ?? '';
  const [s, list] = await Promise.all([api.summary(), api.devices(query, after, kPage + 1)]);
  const shown = list.slice(0, kPage), last = shown.at(-1)?.id ?? '';
  const more = list.length > kPage ? h('a', { class: 'button', href: `${fleetLink(query)}&after=${encodeURIComponent(last)}` }, 'Next devices') : null;
  const first = after ? h('a', { class: 'button', href: fleetLink(query) }, 'First devices') : null;
  const caption = `${query ? `Devices with ${query}` : 'Devices'}${after ? ` after ${after}` : ''}`;
  return h('div', {}, h('h1', {}, 'Fleet'), numbers(s), matrix(s), filter(query),
    shown.length ? table(caption, ['Device', 'Hardware', 'Version', 'State', 'Health', 'Mean latency', 'Seen', 'Reason'], shown.map(row)) : h('p', { class: 'nothing' }, 'No device.'),
    h('p', { class: 'pages' }, first, ' ', more));
}
