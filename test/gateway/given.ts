import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach } from 'vitest';
import type { Door, DoorOptions, Mail } from '../../supervisor/gateway/door.ts';
import { openDoor } from '../../supervisor/gateway/door.ts';
import type { Policy } from '../../supervisor/model/policy.ts';
import { policySchema } from '../../supervisor/model/policy.ts';
import type { RunSpec } from '../../supervisor/model/run.ts';
import type { Agent } from '../../supervisor/model/runtime.ts';
import { agentSchema } from '../../supervisor/model/runtime.ts';
import type { GatewayTrace, TraceLine } from '../../supervisor/model/trace.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of cleanups.splice(0).reverse()) await each();
});

/** Runs after the test, last given first. */
export function afterwards(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

export interface OpenDoor {
  door: Door;
  /** Base URL, bridged to the socket as in a run. */
  url: string;
  socket: string;
  traces: TraceLine[];
  mails: Mail[];
  /** The official SDK; retries are off unless asked for. */
  client(options?: { maxRetries?: number; timeout?: number; apiKey?: string }): Anthropic;
  /** A plain request with the run's token, or another or no token. */
  ask(method: string, path: string, body?: unknown, token?: string | null): Promise<Response>;
}

export type Given = Partial<DoorOptions> & { agent?: Partial<Agent> };

/** A real door on a unix socket in a folder of its own, with a bridge from loopback. */
export async function givenDoor(given: Given = {}): Promise<OpenDoor> {
  const { agent = {}, ...options } = given;
  const folder = await mkdtemp(join(tmpdir(), 'airlock-gateway-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'door.sock');
  const traces: TraceLine[] = [];
  const mails: Mail[] = [];
  const door = await openDoor({
    ...{ run: givenRun(agent), socket, models: { cheap: [{ provider: 'rehearsal' }] } },
    ...{ script: null, usdLimit: null, halted: () => null, limits: givenLimits() },
    deliver: (mail) => {
      mails.push(mail);
      return null;
    },
    trace: (line) => traces.push(line),
    readKey: () => {
      throw new Error('this test has no key');
    },
    now: Date.now,
    ...options,
  });
  afterwards(() => door.close());
  const url = `http://127.0.0.1:${await bridge(socket)}`;
  return {
    ...{ door, url, socket, traces, mails },
    client: ({ maxRetries = 0, timeout = 20_000, apiKey = door.token } = {}) =>
      new Anthropic({ apiKey, baseURL: url, maxRetries, timeout }),
    ask: (method, path, body, token = door.token) =>
      fetch(url + path, {
        method,
        headers: {
          'anthropic-version': '2023-06-01',
          ...(token === null ? {} : { 'x-api-key': token }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: asBody(body) }),
      }),
  };
}

function asBody(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

export function givenRun(agent: Partial<Agent> = {}): RunSpec {
  return {
    id: '20261121T013300Z-maker-task-1',
    agent: agentSchema.parse({ name: 'maker', model: 'cheap', tools: ['complete_task'], ...agent }),
    ...{ path: 'task', release: '20261121T013000Z-0123456789', kind: 'service', deployment: null },
    ...{ wall: 60_000, policy: 'a'.repeat(64), extra: false },
  };
}

export type LimitsGiven = { model?: object; mail?: object };

/** The policy's own defaults, but for what is given. */
export function givenLimits({ model = {}, mail = {} }: LimitsGiven = {}): Policy['limits'] {
  const policy = policySchema.parse({
    runtime: { source: '.', include: ['app'], entry: ['node', 'main.ts'] },
    smoke: { suite: 'smoke' },
    models: {},
  });
  const { limits } = policy;
  return {
    ...limits,
    model: { ...limits.model, ...model },
    mail: { ...limits.mail, ...mail },
  };
}

/** From loopback to a unix socket, as socat does inside a run. Gives the port. */
async function bridge(socket: string): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ path: socket, allowHalfOpen: true });
    open.add(inner);
    inner.pipe(outer).pipe(inner);
    inner.on('error', () => outer.destroy());
    outer.on('error', () => inner.destroy());
    inner.on('close', () => {
      open.delete(inner);
      outer.destroy();
    });
    outer.on('close', () => inner.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => {
    for (const each of open) each.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Trace lines of one kind. */
export function linesOf<W extends GatewayTrace['what']>(traces: TraceLine[], what: W) {
  return traces.filter((line): line is TraceLine & { what: W } => line.what === what);
}

/** Waits for a condition, checking often; throws with `what` after `within` milliseconds. */
export async function until(what: string, holds: () => boolean, within = 20_000): Promise<void> {
  const end = Date.now() + within;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const completeTask = {
  name: 'complete_task',
  description: 'Completes a task',
  input_schema: {
    type: 'object' as const,
    properties: { id: { type: 'string' }, result: { type: 'string' } },
  },
};

export function hello(model = 'cheap') {
  return { model, max_tokens: 256, messages: [{ role: 'user' as const, content: 'Hello' }] };
}
