import { describe, expect, it } from 'vitest';
import { statusText } from '../../supervisor/cli/pages/status.ts';
import { needsOf } from '../../supervisor/cli/shape/needs.ts';
import { type Picture, statusShape } from '../../supervisor/cli/shape/status.ts';
import { paint } from '../../supervisor/cli/show/paint.ts';
import type { Halt } from '../../supervisor/model/halt.ts';
import { policySchema } from '../../supervisor/model/policy.ts';
import { reason } from '../../supervisor/model/reason.ts';
import type { RunBrief } from '../../supervisor/model/run.ts';
import { agentSchema } from '../../supervisor/model/runtime.ts';
import { apply, nothing, type Put } from '../../supervisor/model/state.ts';
import { aProposal, aRelease, aRun, instantAt, put, time } from '../fixtures/store/rows.ts';
import { hostRow } from './support/root.ts';

const policy = {
  policy: policySchema.parse({
    runtime: { source: '.', include: ['app'], entry: ['node'] },
    smoke: { suite: 'smoke' },
    models: { cheap: [{ provider: 'rehearsal' }] },
  }),
  ...{ folder: '/', file: '/airlock.yaml', digest: 'd' },
};

const daemon = { running: true, pid: 7, since: instantAt(-60), version: '1' };
const now = time + 10_000;
const maker = agentSchema.parse({ name: 'maker', model: 'cheap', tenant: 'north' });

/** A host that is well: one stable release, one agent that has just run. */
function given(more: Partial<Picture> = {}, ...puts: Put[]): Picture {
  const release = { ...aRelease(1), stableAt: instantAt(0) };
  const rows = [put('releases', release.id, release), hostRow(release.id), ...puts];
  return {
    start: 'airlock start',
    ...{ state: apply(nothing, rows), journalFault: null, blank: false, daemon },
    journalHead: { seq: 7, hash: 'ab'.repeat(32) },
    ...{ switches: { readable: true, halts: [] }, link: release.id, agents: [maker] },
    ...{ policy, policyFile: policy.digest, policyFaults: [], stuck: null, now },
    ...{ stopped: false, policyGone: null },
    ...more,
  };
}

const missing = reason('policy-missing', { message: 'none', step: 'policy' });
const barred = {
  ...{ digest: aRelease(1).digest, release: aRelease(1).id, at: instantAt(0) },
  ...{ code: 'operator-rollback', message: 'rolled back by root' },
};

const halt = (more: Partial<Halt>): Halt => ({
  ...{ scope: 'host', target: null, reason: 'fire', by: 'root', at: instantAt(0) },
  ...more,
});

const failed = (id: string): RunBrief => ({
  ...{ id, agent: 'maker', path: 'task', release: 'r', kind: 'service', outcome: 'failed' },
  ...{ cause: 'runtime', durationMs: 1, usd: 0, steps: 0, endedAt: time },
});

const record = (recent: RunBrief[]) =>
  put('agents', 'maker', {
    ...{ name: 'maker', paths: { task: { cron: '', zone: 'UTC', next: now + 5000, missed: 0 } } },
    ...{ recent, lastRun: null, failures: 0, waitUntil: 0, lastTurn: 0 },
  });

const switches = (...halts: Halt[]) => ({ switches: { readable: true as const, halts } });
const waiting = { phase: 'awaiting-approval' as const, digest: 'ab12'.repeat(16) };

describe('what needs a person', () => {
  it.each<[string, Picture, [string, string][]]>([
    ['nothing on a host that is well', given(), []],
    [
      'a first start',
      given({ blank: true, state: nothing, link: null }),
      [['nothing was started here yet', 'airlock start']],
    ],
    [
      'a daemon that does not run',
      given({ daemon: { running: false, pid: null, since: null, version: null } }),
      [['the supervisor does not run', 'airlock start']],
    ],
    [
      'a daemon whose tick is long overdue',
      given(
        { daemon: { ...daemon, since: instantAt(-4000) } },
        hostRow(aRelease(1).id, { lastTick: time - 3_600_000, policy: 'd' }),
      ),
      [['the daemon hangs: its tick is 2940 s overdue', 'airlock doctor']],
    ],
    [
      'a daemon that was told to wait: at once, and nothing else of it',
      given({ stopped: true }, hostRow(aRelease(1).id, { lastTick: 0, policy: 'd' })),
      [['the daemon is stopped: it answers nobody', 'kill -CONT 7']],
    ],
    [
      'a daemon that never beat a tick',
      given(
        { daemon: { ...daemon, since: new Date(now - 3_600_000).toISOString() } },
        hostRow(aRelease(1).id, { lastTick: null, policy: 'd' }),
      ),
      [[expect.stringMatching(/^the daemon hangs: its tick is \d+ s overdue$/), 'airlock doctor']],
    ],
    [
      'a policy file that is gone, while a version is in force',
      given({ policyFaults: [missing], policyGone: { digest: 'd', what: 'w', remedy: 'cp a b' } }),
      [['w', 'cp a b']],
    ],
    ['no policy', given({ policyFaults: [missing] }), [['there is no policy', 'airlock init']]],
    [
      'not a tick of another policy than the one in force',
      given({}, hostRow(aRelease(1).id, { lastTick: time - 3_600_000, policy: 'e' })),
      [],
    ],
    [
      'a current release from which nothing starts',
      given({}, put('bad', aRelease(1).digest, barred)),
      [
        [
          `${aRelease(1).id} is current and barred: no run starts from it`,
          `airlock unbar ${aRelease(1).digest.slice(0, 12)} --reason TEXT`,
        ],
      ],
    ],
    [
      'halts, with who and why',
      given(switches(halt({}), halt({ scope: 'agent', target: 'maker', reason: '' }))),
      [
        ['host is halted by root: fire', 'airlock resume --host'],
        ['maker is halted (agent) by root', 'airlock resume --agent maker'],
      ],
    ],
    [
      'a lockdown',
      given(switches(halt({ scope: 'lockdown' }))),
      [['deployments are locked by root: fire', 'airlock unlock']],
    ],
    [
      'switches that cannot be read',
      given({ switches: { readable: false, halts: [], cause: 'EIO' } }),
      [['the switches cannot be read (EIO): everything is halted', 'airlock doctor']],
    ],
    [
      'an approval, bound to its digest',
      given({}, put('proposals', 'p', aProposal('p', waiting))),
      [['p waits for your approval', 'airlock approve p --digest ab12ab12ab12']],
    ],
    [
      'a held proposal, bound to what was dropped',
      given({}, put('proposals', 'p', aProposal('p', { held: true }))),
      [['p is held: its run was on a bad release', 'airlock approve p --digest abababababab']],
    ],
    [
      'a link that somebody moved',
      given({ link: 'other' }),
      [['current was moved by hand to other', 'airlock doctor']],
    ],
    [
      'an agent whose last runs failed',
      given({}, record([failed('a'), failed('b'), failed('c')])),
      [['the last 3 runs of maker failed', 'airlock show c']],
    ],
    ['two failures are none yet', given({}, record([failed('a'), failed('b')])), []],
    [
      'failures before a good run are over',
      given(
        {},
        record([...'abc'].map(failed).concat({ ...failed('d'), outcome: 'ok', cause: null })),
      ),
      [],
    ],
    [
      'a step that fails again and again',
      given(
        {},
        put('retries', 'receipt:p', {
          ...{ key: 'receipt:p', attempts: 5, at: now },
          step: null,
          reason: reason('host-failed', { message: 'no room', step: 'receipt' }),
        }),
      ),
      [['receipt:p failed 5 times: no room', 'airlock doctor']],
    ],
    [
      'a faulty policy',
      given({ policyFaults: [reason('policy-invalid', { message: 'x', step: 'policy' })] }),
      [['the policy file has 1 fault', 'airlock policy check']],
    ],
  ])('%s', (_what, picture, needs) => {
    expect(needsOf(picture).map(({ what, verb }) => [what, verb])).toEqual(needs);
  });
});

describe('the picture', () => {
  it('has the shape of the contract', () => {
    const running = aRun(1, { outcome: 'running', endedAt: null });
    const queued = put('proposals', 'p', aProposal('p'));
    const picture = given({}, queued, record([]), put('runs', running.id, running));
    const status = statusShape(picture, []);
    expect(Object.keys(status).toSorted()).toEqual(
      'agents current daemon deployment halts needs notes queue schema tick'.split(' '),
    );
    expect(status.daemon.journalHead).toEqual({ seq: 7, hash: 'ab'.repeat(32) });
    expect(status.current).toMatchObject({ id: 'release-00001', state: 'current', stable: true });
    expect(status.queue.map((one) => one.id)).toEqual(['p']);
    expect(status.agents).toEqual([
      {
        ...{ name: 'maker', tenant: 'north', release: 'release-00001', skipped: null },
        ...{ running: [expect.objectContaining({ id: running.id, outcome: 'running' })] },
        ...{ next: new Date(now + 5000).toISOString(), lastRun: null },
      },
    ]);
    expect(status.tick).toMatchObject({ schedule: '*/15 * * * *', next: expect.any(String) });
    expect(status.notes).toEqual(['rehearsal model behind cheap: development only']);
  });

  it.each([
    ['a halted agent', switches(halt({ scope: 'agent', target: 'maker' })), 'agent-halt'],
    ['a halted tenant', switches(halt({ scope: 'tenant', target: 'north' })), 'tenant-halt'],
    ['a halted host', switches(halt({})), 'host-halt'],
    ['no model', { agents: [{ ...maker, model: 'dear' }] }, 'no-model'],
    ['agents that cannot be read', { agents: null, ...switches(halt({})) }, 'host-halt'],
  ])('says why an agent does not run: %s', (_what, more, skipped) => {
    const status = statusShape(given(more, record([])), []);
    expect(status.agents.map((one) => one.skipped)).toEqual([skipped]);
  });

  it('says of a change that it waits for a halt, not that it is stuck', () => {
    const since = now - 3_600_000;
    const blank = { onto: 'a', candidate: null, gates: [], canary: null, bake: null };
    const slot = put('deployment', 'deployment', {
      ...{ proposal: 'p', phase: 'gating', since, ...blank },
    });
    const proposal = put('proposals', 'p', aProposal('p', { phase: 'gating' }));
    const told = (more: Partial<Picture>) => {
      const picture = given(more, slot, proposal);
      const status = statusShape(picture, needsOf(picture));
      const needs = status.needs.map(({ what }) => what);
      return [status.deployment?.reason?.code, needs.includes('p has been gating for long')];
    };
    expect(told({})).toEqual([undefined, true]);
    expect(told(switches(halt({})))).toEqual(['halted', false]);
    expect(told({ switches: { readable: false, halts: [], cause: 'EIO' } })[0]).toBe('halted');
    expect(told(switches(halt({ scope: 'agent', target: 'maker' })))).toEqual([undefined, true]);
  });

  it('begins with what needs you, and shows titles escaped', () => {
    const picture = given(
      switches(halt({ reason: '\x1b[2J' })),
      put('proposals', 'p', aProposal('p', { title: 'a\u202eb' })),
    );
    const status = statusShape(picture, needsOf(picture));
    const text = statusText(status, { paint: paint(false), at: now });
    expect(text.split('\n')[0]).toBe(
      '! host is halted by root: \\u{1b}[2J  ->  airlock resume --host',
    );
    expect(text).toContain('"a\\u{202e}b"');
    expect(text).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
  });
});
