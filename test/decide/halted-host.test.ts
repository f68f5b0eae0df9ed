import { describe, expect, test } from 'vitest';
import { deploy } from '../../supervisor/decide/flow/deploy.ts';
import type { GateResult } from '../../supervisor/model/proposal.ts';
import { deployment } from '../../supervisor/model/state.ts';
import type { SmokeFacts, Step } from '../../supervisor/model/step.ts';
import * as build from './build.ts';
import { deploying, settle } from './fold.ts';
import { fails, passes, rehearsal } from './rehearsals.ts';

const { candidate, digest, ending, gate, now, proposal, release, said, slot, stable, view } = build;

describe('while the host is halted', () => {
  const all = (['policy', 'config', 'build', 'smoke'] as const).map((name) => gate(name));
  const at = (gates: GateResult[], change: object = {}): build.Rows => ({
    releases: [stable('a', now - 1000), release('b', { parent: 'a' })],
    proposals: [proposal('p', { digest: digest('b') })],
    deployment: slot({ phase: 'gating', candidate: candidate('b', change), gates }),
  });
  const kernel = { changes: [{ path: 'kernel/x', kind: 'changed' as const }] };
  const switches = { readable: true as const, halts: [build.halt('host')] };
  test.each<[string, build.Rows, string[]]>([
    ['the policy gate judges', at([]), ['gate']],
    ['the config gate judges', at(all.slice(0, 1)), ['gate']],
    ['dependencies wait', at(all.slice(0, 2), { deps: 'lock' }), []],
    ['the build waits', at(all.slice(0, 2)), []],
    ['the rehearsal waits', at(all.slice(0, 3)), []],
    ['a human is asked', at(all, kernel), ['ask-approval']],
    ['a refusal is told', at([...all.slice(0, 3), gate('smoke', 'fail')]), ['end']],
    ['the canary waits', at(all), []],
  ])('%s', (_, rows, expected) => {
    expect(said(deploy(view(rows, { switches })))).toEqual(expected);
  });
  test('so do they where switches cannot be read', () => {
    const unreadable = { readable: false as const, halts: [], cause: 'EIO' };
    expect(said(deploy(view(at(all.slice(0, 2)), { switches: unreadable })))).toEqual([]);
  });
});

const halt = rehearsal(ending({ exit: null, stoppedBy: 'halt' }));
const refused = rehearsal(ending({}, { lastFailure: { by: 'halt', message: 'halted' } }));
test.each<[string, Partial<SmokeFacts>, boolean]>([
  ['no halt came', {}, true],
  ['the candidate met one', { candidate: [...passes, halt] }, false],
  ['the candidate failed, and met one', { candidate: [...fails, halt] }, false],
  ['a call of its was refused, and it said nothing', { candidate: [refused] }, false],
  ['current met one', { current: [halt] }, false],
  ['the broken release met one', { broken: [halt] }, false],
])('a rehearsal is judged: %s', (_, met, judged) => {
  const step: Step = { do: 'smoke', proposal: 'p', release: 'b', current: 'a', proven: null };
  const shown = { candidate: passes, current: passes, broken: fails, ...met };
  const smoke = { ms: 1, suite: 's', faults: [], ...shown };
  const after = settle(deploying('gating'), step, { of: 'rehearsed', smoke });
  expect(deployment(after)?.gates.map(({ name }) => name)).toEqual(judged ? ['smoke'] : []);
  expect(after.host.get('host')?.proofs).toHaveLength(judged ? 2 : 0);
  expect([after.proposals.get('p')?.phase, after.pending.size]).toEqual(['gating', 0]);
});
