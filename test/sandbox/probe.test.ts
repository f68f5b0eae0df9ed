import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildDriver,
  givenHost,
  removeDriver,
  supervisors,
  type TestHost,
} from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

type Seen = Record<string, unknown> & {
  environment: Record<string, string>;
  status: string[];
  tcp: string[];
  mounts: string[];
};

/** What a run of this kind sees, as the fixture says. */
async function probe(host: TestHost, kind: 'service' | 'canary' | 'smoke'): Promise<Seen> {
  const entry = ['node', 'probe.mjs'];
  const ask = kind === 'smoke' ? { rehearse: { entry, suite } } : { run: { entry, kind } };
  const { run, rehearse } = await host.ask(ask);
  const ending = run?.ending ?? rehearse?.[0]?.ending;
  expect(ending).toMatchObject({ exit: 0, hostFault: null });
  return JSON.parse(ending?.stderrTail ?? '');
}

const suite = [
  {
    ...{ name: 'probe', path: 'task' as const, workspace: {}, model: [] },
    expect: { exit: 0, files: {}, within: 30_000 },
  },
];

/**
 * What may differ: numbers of processes, times, ids, the token, and the part of a host's path that
 * says which temporary folder it is.
 */
function shape(seen: Seen, host: TestHost): unknown {
  // A mount is named from the root of its file system: from /tmp, where that is one of its own.
  const temporary = basename(host.base);
  const text = JSON.stringify(seen, null, 1)
    .replaceAll(new RegExp(`[^" ]*/${temporary}(/var/runs/p[A-Za-z0-9]{6})?`, 'g'), 'ROOT')
    .replaceAll(/run-[\w-]{43}/g, 'TOKEN');
  return JSON.parse(text);
}

describe.each(supervisors)('what a run sees, supervised by %s', (supervisor) => {
  test('is the same in smoke, canary and service', async () => {
    const host = givenHost(supervisor);
    const service = await probe(host, 'service');
    const canary = await probe(host, 'canary');
    const smoke = await probe(host, 'smoke');
    expect(shape(canary, host)).toEqual(shape(service, host));
    expect(shape(smoke, host)).toEqual(shape(service, host));
  });

  test('is what the contract says', async () => {
    const host = givenHost(supervisor);
    const seen = await probe(host, 'service');
    expect(Object.keys(seen.environment).sort()).toEqual(
      [
        ...['AIRLOCK_AGENT', 'AIRLOCK_PATH', 'AIRLOCK_RUN', 'AIRLOCK_RELEASE', 'AIRLOCK_GATEWAY'],
        ...['AIRLOCK_WORKSPACE', 'AIRLOCK_INBOX', 'AIRLOCK_RECEIPTS'],
        ...['ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY'],
        ...['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'PWD'],
      ].sort(),
    );
    expect(seen.environment.PATH).toBe('/opt/airlock/bin:/usr/bin:/bin');
    expect(seen.status).toEqual(
      expect.arrayContaining([
        'Uid:\t61000\t61000\t61000\t61000',
        'Gid:\t61000\t61000\t61000\t61000',
        'NStgid:\t4',
        'CapPrm:\t0000000000000000',
        'CapBnd:\t0000000000000000',
        'CapAmb:\t0000000000000000',
        'NoNewPrivs:\t1',
      ]),
    );
    expect(seen).toMatchObject({
      ...{ cwd: '/runtime', hostname: 'agent', fds: ['0', '1', '2'], children: '' },
      ...{ interfaces: ['lo'], tmp: [], home: [], shm: [] },
      passwd: 'agent:x:61000:61000::/home/agent:/bin/sh\n',
    });
    // One listener: the bridge, on loopback.
    expect(seen.tcp.filter((line) => line.endsWith(' 0A'))).toEqual([
      '0: 0100007F:2124 00000000:0000 0A',
    ]);
    for (const point of ['/runtime', '/runtime/node_modules', '/receipts', '/usr', '/']) {
      expect(seen.mounts.find((mount) => mount.split(' ')[1] === point)).toMatch(
        / ro,nosuid,nodev/,
      );
    }
    for (const point of ['/workspace', '/inbox']) {
      expect(seen.mounts.find((mount) => mount.split(' ')[1] === point)).toMatch(
        / rw,nosuid,nodev/,
      );
    }
  });

  test('holds nothing of the supervisor’s own environment', async () => {
    const host = givenHost(supervisor);
    const seen = JSON.stringify(await probe(host, 'service'));
    expect(seen).not.toContain('PLANTED_SECRET');
    expect(seen).not.toContain('sk-planted');
    // Nor are the sandbox's arguments, host paths among them, to be read inside.
    expect(JSON.stringify(JSON.parse(seen).processes)).not.toContain(host.base);
  });
});
