// What the server answers; docs/fleet.md and /v1/openapi.json describe it.

export interface Deployment {
  id: number;
  target: string;
  hash: string;
  version: number;
  bytes: number;
  percent: number;
  state: 'active' | 'paused' | 'aborted';
  reason: string;
  agreement: number;
  runs: number;
  agreed: number;
  automatic: boolean;
  devices: string;
}

export interface DeploymentInFull extends Deployment {
  funnel: { group: number; offered: number; shadow: number; trial: number; committed: number; refused: number };
  gate: { limit: number; points: { runs: number; agreed: number; weight: number }[] };
}

export interface TelemetryRecord {
  sequence: number;
  time_s?: number;
  latency_ms?: number;
  p99_ms?: number;
  confidence?: number;
  psi?: Record<string, number>;
}

// What devices tell of themselves: numbers, lists of them, groups of both.
export type Told = number | boolean | null | number[] | { [name: string]: Told };

export interface Device {
  id: string;
  seen_s: number;
  hardware: string;
  hash: string;
  version: number;
  state: string;
  health: string;
  reason: string;
  numbers: Record<string, Told> | null;
  labels: Record<string, string>;
}

export interface DeviceInFull extends Device {
  desired: Deployment | null;
  events: { time_s: number; what: string }[];
  telemetry: TelemetryRecord[];
}

export interface Summary {
  devices: number;
  silent: number;
  drifted: number;
  health: Record<string, number>;
  versions: { version: number; hardware: string; devices: number; degraded: number }[];
}

const kToken = 'verge-token';

export const token = {
  get: (): string => sessionStorage.getItem(kToken) ?? '',
  set: (text: string): void => sessionStorage.setItem(kToken, text),
  forget: (): void => sessionStorage.removeItem(kToken),
};

export class Unauthorised extends Error {}

async function ask<T>(method: string, path: string): Promise<T> {
  const reply = await fetch(path, { method, headers: { Authorization: `Bearer ${token.get()}` } });
  const body = await reply.json();
  if (reply.status === 401) throw new Unauthorised(body.error);
  if (!reply.ok) throw new Error(body.error);
  return body as T;
}

export const summary = (): Promise<Summary> => ask('GET', '/v1/summary');
export const devices = (query: string, after: string, limit: number): Promise<Device[]> =>
  ask('GET', `/v1/devices?${new URLSearchParams({ query, after, limit: String(limit) })}`);
export const device = (id: string): Promise<DeviceInFull> => ask('GET', `/v1/devices/${encodeURIComponent(id)}`);
export const deployments = (): Promise<Deployment[]> => ask('GET', '/v1/deployments');
export const deployment = (id: number): Promise<DeploymentInFull> => ask('GET', `/v1/deployments/${id}`);
export const steer = (id: number, verb: string): Promise<Deployment[]> => ask('POST', `/v1/deployments/${id}/${verb}`);
