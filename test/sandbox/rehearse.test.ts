import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smokeGate } from '../../supervisor/decide/smoke.ts';
import { type Scenario, scenarioSchema } from '../../supervisor/model/scenario.ts';
import { buildDriver, givenHost, removeDriver, supervisors } from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

const completes = (name: string, parts: Record<string, unknown> = {}) => {
  const expectations = {
    files: { 'tasks/done/hello.md': 'present', 'tasks/queued/hello.md': 'absent' },
    steps: '== 1',
    ...parts,
  };
  return asWritten({
    ...{ name, path: 'task', model: [{ say: 'done' }], expect: expectations },
    workspace: { 'tasks/queued/hello.md': 'hello' },
  });
};

/** The driver gets it as parsed, durations in milliseconds. */
function asWritten(parts: Record<string, unknown>): Scenario {
  return scenarioSchema.parse(parts);
}

describe.each(supervisors)('a suite is rehearsed, supervised by %s', (supervisor) => {
  const entry = ['node', 'completes-task.mjs'];

  test('on a working release: every scenario in a workspace of its own, nothing left', async () => {
    const host = givenHost(supervisor);
    const suite = ['one', 'two', 'three'].map((name) => completes(name));
    const { smoke, places } = await host.ask({ smoke: { suite, entry } });
    expect(smoke?.candidate.map((one) => one.scenario.name)).toEqual(['one', 'two', 'three']);
    for (const one of smoke?.candidate ?? []) {
      expect(one).toMatchObject({
        ...{ agent: 'maker', from: 'suite' },
        ending: { exit: 0, hostFault: null, door: { steps: 1, scriptFaults: [] } },
        files: {
          'tasks/done/hello.md': { present: true },
          'tasks/queued/hello.md': { present: false },
        },
      });
    }
    expect(places).toEqual([]);
    expect(readdirSync(host.workspace)).toEqual(['marker']);
    if (smoke === undefined) throw new Error('no facts');
    expect(smokeGate(smoke)).toMatchObject({ outcome: 'pass', findings: [] });
  });

  test('on the built-in broken release: it exits 0, does nothing, and fails', async () => {
    const host = givenHost(supervisor);
    const { smoke } = await host.ask({ smoke: { suite: [completes('one')], entry } });
    expect(smoke?.broken).toMatchObject([
      {
        ending: { exit: 0, hostFault: null, door: { steps: 0, turns: { begun: 0 } } },
        files: { 'tasks/done/hello.md': { present: false } },
      },
    ]);
  });

  test('a suite that a release doing nothing passes proves nothing: error', async () => {
    const host = givenHost(supervisor);
    host.given({ 'releases/20261121T000000Z-0123456789/weak.mjs': '' });
    const weak = asWritten({ name: 'weak', path: 'task' });
    const { smoke } = await host.ask({ smoke: { suite: [weak], entry: ['node', 'weak.mjs'] } });
    if (smoke === undefined) throw new Error('no facts');
    expect(smokeGate(smoke).outcome).toBe('error');
  });

  test('all scenarios run even after some fail, each for itself', async () => {
    const host = givenHost(supervisor);
    const suite = [
      completes('passes'),
      completes('no such agent', {}),
      completes('one call too many', {}),
      completes('also passes'),
    ];
    Object.assign(suite[1] as Scenario, { agent: 'nobody' });
    Object.assign(suite[2] as Scenario, { model: [] });
    const { rehearse } = await host.ask({ rehearse: { suite, entry } });
    const endings = rehearse?.map((one) => one.ending);
    expect(endings?.map((ending) => ending.exit)).toEqual([0, null, 1, 0]);
    expect(endings?.[1]?.door.scriptFaults).toEqual(['config/agents.yaml has no agent nobody']);
    expect(endings?.[2]?.door.scriptFaults).toHaveLength(1);
  });

  test('one that eats its workspace harms no other and leaves nothing', async () => {
    const host = givenHost(supervisor);
    const suite = [completes('eats'), completes('eats again')];
    const eats = ['node', 'eats-workspace.mjs'];
    const { rehearse, places } = await host.ask({ rehearse: { suite, entry: eats } });
    for (const one of rehearse ?? []) {
      expect(one.ending).toMatchObject({ exit: 0, hostFault: null });
      expect(one.files['tasks/done/hello.md']).toEqual({ present: false, contains: false });
    }
    expect(places).toEqual([]);
  });

  test('one that hangs ends at its own time, and that is no fault of the suite', async () => {
    const host = givenHost(supervisor);
    const suite = [completes('hangs', { within: '3s' })];
    Object.assign(suite[0] as Scenario, { workspace: { marker: host.marker } });
    const { rehearse } = await host.ask({ rehearse: { suite, entry: ['./hangs-forever.sh'] } });
    expect(rehearse?.[0]?.ending).toMatchObject({ stoppedBy: 'timeout', hostFault: null });
    expect(host.marked()).toEqual([]);
  });

  test('what the suite’s time cuts short or leaves out says that it was not run', async () => {
    const host = givenHost(supervisor);
    const suite = ['one', 'two', 'three', 'four'].map((name) => completes(name));
    for (const one of suite) Object.assign(one, { workspace: { marker: host.marker } });
    const { rehearse } = await host.ask({
      rehearse: { suite, entry: ['./hangs-forever.sh'], within: 600 },
    });
    expect(rehearse).toHaveLength(4);
    for (const one of rehearse ?? []) expect(one.ending.hostFault?.code).toBe('gate-error');
    for (const one of rehearse ?? []) expect(one.ending.durationMs).toBeLessThan(15_000);
    expect(rehearse?.map((one) => one.ending.stoppedBy)).toEqual([
      ...['timeout', 'timeout'],
      ...[null, null],
    ]);
  });

  test('a link to a file of the host counts as absent', async () => {
    const host = givenHost(supervisor);
    host.given({ secret: 'the secret' });
    host.given({
      'releases/20261121T000000Z-0123456789/links.mjs': `
        import { symlinkSync } from 'node:fs';
        symlinkSync('${join(host.base, 'secret')}', '/workspace/found');
        symlinkSync('${host.base}', '/workspace/folder');
      `,
    });
    const files = { found: { contains: 'secret' }, 'folder/secret': 'present' };
    const suite = [asWritten({ name: 'links', path: 'task', expect: { files } })];
    const { rehearse } = await host.ask({ rehearse: { suite, entry: ['node', 'links.mjs'] } });
    const absent = { present: false, contains: false };
    expect(rehearse?.[0]?.files).toEqual({ found: absent, 'folder/secret': absent });
  });

  test.each(['../outside', '/etc/x', 'a//b', ''])(
    'a scenario cannot name the path "%s"',
    async (path) => {
      const host = givenHost(supervisor);
      const suite = [asWritten({ name: 'leaves', path: 'task', workspace: { [path]: 'x' } })];
      const { rehearse } = await host.ask({ rehearse: { suite, entry } });
      expect(rehearse?.[0]?.ending.hostFault).toMatchObject({ code: 'gate-error', input: path });
    },
  );
});
