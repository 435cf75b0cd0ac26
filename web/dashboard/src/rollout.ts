// Deployments: phases, the devices in each step, the candidate beside the live model, the gate's evidence, and the buttons that steer.
import * as api from './api';
import { chart } from './chart';
import { count, h, percent, table } from './dom';
import { fleetLink } from './fleet';

const kPhases = [1, 10, 50, 100];

function row(d: api.Deployment, chosen: number): HTMLTableRowElement {
  const link = `#/rollout/${d.id}`;
  return h('tr', { 'data-link': link, 'aria-current': d.id === chosen ? 'true' : false },
    h('th', { scope: 'row' }, h('a', { href: link }, d.id)), h('td', {}, d.target), h('td', {}, d.version), h('td', {}, `${d.percent} %`),
    h('td', {}, h('span', { class: `state ${d.state}` }, d.state)), h('td', {}, d.devices || 'everybody'), h('td', { class: 'reason' }, d.reason));
}

function phases(d: api.Deployment): HTMLElement {
  return h('ol', { class: 'phases', 'aria-label': 'Phases' },
    ...kPhases.map((p) => h('li', { class: d.percent >= p ? 'reached' : '', 'aria-current': d.percent === p ? 'step' : false }, `${p} %`)));
}

function funnel(d: api.DeploymentInFull): HTMLElement {
  const f = d.funnel, most = Math.max(1, f.group);
  const steps: [string, number, string][] = [['in the group', f.group, ''], ['offered', f.offered, ''], ['told of its shadow', f.shadow, ''], ['on trial', f.trial, ''],
    ['committed', f.committed, 'good'], ['refused or taken back', f.refused, 'bad']];
  const bar = (n: number, kind: string): HTMLElement => {
    const element = h('span', { class: `bar ${kind}` });
    element.style.width = `${(100 * n) / most}%`;
    return element;
  };
  return h('dl', { class: 'funnel' }, ...steps.flatMap(([name, n, kind]) => [h('dt', {}, name), h('dd', {}, n > 0 && bar(n, kind), h('b', {}, count(n)))]));
}

function gate(d: api.DeploymentInFull): HTMLElement {
  if (d.agreement === 0) return h('p', {}, 'Watched for refusals and rollbacks alone; deploy with --agreement to compare answers.');
  const words = d.runs ? `${percent(d.agreed / d.runs)} of ${count(d.runs)} answers agree with the live model; a good release has ${percent(d.agreement)}.`
                       : `No device has told of answers yet; a good release has ${percent(d.agreement)} of them as the live model.`;
  const most = 2 * d.gate.limit;  // far beyond a verdict more evidence says no more
  const points = d.gate.points.map((p): [number, number] => [p.runs, Math.min(most, Math.max(-most, p.weight))]);
  return h('div', {}, h('p', {}, words),
    chart({ title: 'The gate: evidence that the release is bad', x: 'answers', lines: [{ name: 'log likelihood ratio', points }],
      limits: [{ name: 'stop', y: d.gate.limit }, { name: 'go on', y: -d.gate.limit }] }));
}

function buttons(d: api.Deployment, again: () => void, say: (text: string) => void): HTMLElement {
  const verbs: [string, boolean][] = [['pause', d.state === 'active'], ['resume', d.state === 'paused'], ['promote', d.state === 'active' && d.percent < 100], ['abort', d.state !== 'aborted']];
  const act = async (verb: string): Promise<void> => {
    if (verb === 'abort' && !confirm(`Abort deployment ${d.id}? It cannot be resumed.`)) return;
    try {
      await api.steer(d.id, verb);
      say(`deployment ${d.id}: ${verb}`);
      again();
    } catch (error) {
      say((error as Error).message);
    }
  };
  return h('p', { class: 'buttons' }, ...verbs.map(([verb, possible]) => h('button', { type: 'button', disabled: !possible, onclick: () => void act(verb) }, verb)));
}

function page(d: api.DeploymentInFull, again: () => void, say: (text: string) => void): HTMLElement {
  const query = `version=${d.version}${d.devices ? `,${d.devices}` : ''}`;
  return h('section', { 'aria-label': `Deployment ${d.id}` },
    h('h2', {}, `Deployment ${d.id}: ${d.target}, version ${d.version} `, h('span', { class: `state ${d.state}` }, d.state)), d.reason ? h('p', { class: 'bad' }, d.reason) : null,
    phases(d), buttons(d, again, say), funnel(d), gate(d),
    h('p', {}, h('a', { href: fleetLink(query) }, 'Devices that run it'), ` · ${count(d.bytes)} bytes · `, h('code', {}, d.hash.slice(0, 12))));
}

export async function rollout(id: number, again: () => void, say: (text: string) => void): Promise<HTMLElement> {
  const all = await api.deployments();
  const chosen = all.find((d) => d.id === id) ?? all[0];
  const list = all.length ? table('Deployments', ['Number', 'Release', 'Version', 'Share', 'State', 'For', 'Reason'], all.map((d) => row(d, chosen?.id ?? 0)))
                          : h('p', { class: 'nothing' }, 'No deployment yet: verge fleet deploy makes one.');
  return h('div', {}, h('h1', {}, 'Rollout'), list, chosen ? page(await api.deployment(chosen.id), again, say) : null);
}
