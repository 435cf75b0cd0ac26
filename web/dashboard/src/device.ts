// One device: what it shall run against what it runs, its last hundred inferences over time, and what happened to it.
import * as api from './api';
import { chart, type Line } from './chart';
import { ago, h, health, table } from './dom';

function twin(d: api.DeviceInFull): HTMLElement {
  const wanted = d.desired;
  const line = (name: string, actual: string, desired: string): HTMLTableRowElement =>
    h('tr', { class: wanted && desired !== actual ? 'differs' : '' }, h('th', { scope: 'row' }, name), h('td', {}, desired), h('td', {}, actual));
  return table('Desired and actual', ['', 'Desired', 'Actual'], [
    line('version', String(d.version || '–'), wanted ? String(wanted.version) : '–'),
    line('model', d.hash.slice(0, 12) || '–', wanted ? wanted.hash.slice(0, 12) : '–'),
  ]);
}

const short = (n: number): string => String(Number(n.toPrecision(4)));

// A number that a device tells, or a group of them under its name.
function shown(name: string, value: api.Told): [string, string][] {
  if (Array.isArray(value)) return [[name, value.map(short).join(', ')]];
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, part]) => shown(`${name}: ${key}`, part));
  return [[name, typeof value === 'number' ? short(value) : String(value)]];
}

function facts(d: api.DeviceInFull): HTMLElement {
  const told: [string, string][] = [['hardware', d.hardware || '–'], ['state', d.state || '–'], ['seen', ago(d.seen_s)],
    ...Object.entries(d.labels).map(([name, value]): [string, string] => [`label ${name}`, value]),
    ...Object.entries(d.numbers ?? {}).flatMap(([name, value]) => shown(name, value))];
  return h('dl', { class: 'facts' }, ...told.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function line(d: api.DeviceInFull, name: string, value: (r: api.TelemetryRecord) => number | undefined): Line {
  const points: [number, number][] = [];
  for (const r of d.telemetry) {
    const y = value(r);
    if (typeof y === 'number') points.push([r.sequence, y]);
  }
  return { name, points };
}

function charts(d: api.DeviceInFull): HTMLElement {
  const drifts = [...new Set(d.telemetry.flatMap((r) => Object.keys(r.psi ?? {})))];
  return h('div', { class: 'charts' },
    chart({ title: 'Latency, ms', x: 'record', lines: [line(d, 'mean', (r) => r.latency_ms), line(d, 'p99', (r) => r.p99_ms)] }),
    chart({ title: 'Confidence', x: 'record', lines: [line(d, 'mean', (r) => r.confidence)] }),
    chart({ title: 'Drift, stability index', x: 'record', lines: drifts.map((name) => line(d, name, (r) => r.psi?.[name])), limits: [{ name: 'alarm', y: 0.5 }] }));
}

export async function device(id: string): Promise<HTMLElement> {
  const d = await api.device(id);
  const time = (s: number): string => new Date(1000 * s).toISOString().replace('T', ' ').slice(0, 19);
  const events = d.events.map((e) => h('li', {}, h('time', { datetime: new Date(1000 * e.time_s).toISOString() }, time(e.time_s)), ` ${e.what}`));
  return h('div', {}, h('h1', {}, `${d.id} `, health(d.health)), d.reason ? h('p', { class: 'bad' }, d.reason) : null, twin(d), facts(d), charts(d),
    h('h2', {}, 'Timeline, UTC'), events.length ? h('ol', { class: 'timeline' }, ...events) : h('p', { class: 'nothing' }, 'Nothing happened yet.'));
}
