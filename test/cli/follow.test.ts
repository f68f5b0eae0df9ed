import { describe, expect, it } from 'vitest';
import { linesOf, nowText } from '../../supervisor/cli/follow/lines.ts';
import type { Scene } from '../../supervisor/cli/follow/scene.ts';
import { paint } from '../../supervisor/cli/show/paint.ts';
import type { Deployment } from '../../supervisor/model/deployment.ts';
import type { Phase } from '../../supervisor/model/proposal.ts';
import { aProposal, aRun, someReason, time } from '../fixtures/store/rows.ts';

const plain = paint(false);

function scene(phase: Phase, more: Partial<Scene> = {}): Scene {
  const proposal = aProposal('p', { phase });
  return { proposal, history: [], runs: [], slot: null, queued: 0, ...more };
}

const reached = (...phases: Phase[]) =>
  phases.map((phase, index) => ({ phase, at: time + index * 1000, reason: null }));

const slot = (more: Partial<Deployment>) =>
  ({ proposal: 'p', since: time, gates: [], canary: null, bake: null, ...more }) as Deployment;

describe('the lines of a change on its way', () => {
  it('come in the order of time, gates behind their phase, runs where they ended', () => {
    const gates = [
      { name: 'policy' as const, outcome: 'pass' as const, ms: 5, findings: [] },
      {
        ...{ name: 'smoke' as const, outcome: 'fail' as const, ms: 1500 },
        findings: [
          { subject: 'a task\x1b[2J', reason: { ...someReason('gate-smoke'), cause: 'x' } },
        ],
      },
    ];
    const run = aRun(3, { kind: 'canary', durationMs: 900, outcome: 'failed', cause: 'runtime' });
    const history = reached('received', 'gating', 'canary');
    const proposal = aProposal('p', { phase: 'canary', gates });
    const lines = linesOf(scene('canary', { proposal, history, runs: [run] }), plain);
    expect(lines.map((one) => one.text)).toEqual([
      'received  p',
      'gating',
      '  gate policy  pass  5 ms',
      '  gate smoke   fail  1.5 s\n    a task\\u{1b}[2J: x',
      'canary  on one agent',
      '  canary run  maker/task  failed (runtime)  900 ms',
    ]);
  });

  it('have keys of their own, the same again: each is told once', () => {
    const history = reached('received', 'staging', 'gating', 'received', 'staging');
    const given = scene('staging', { history });
    const keys = linesOf(given, plain).map((one) => one.key);
    expect(new Set(keys).size).toBe(5);
    expect(linesOf(given, plain).map((one) => one.key)).toEqual(keys);
  });

  it('say how to approve, bound to the digest', () => {
    const proposal = aProposal('p', { phase: 'awaiting-approval', digest: 'f'.repeat(64) });
    const history = reached('awaiting-approval');
    const [only] = linesOf(scene('awaiting-approval', { proposal, history }), plain);
    expect(only?.text).toContain('airlock approve p --digest ffffffffffff');
  });

  it('leave out a run that has not ended', () => {
    expect(linesOf(scene('canary', { runs: [aRun(1, { endedAt: null })] }), plain)).toEqual([]);
  });
});

describe('the line that moves', () => {
  it.each<[string, Scene, string]>([
    ['the queue', scene('received', { queued: 3 }), 'received · 5.0 s · 3 in the queue'],
    [
      'the next gate',
      scene('gating', { slot: slot({ phase: 'gating' }) }),
      'gating · 5.0 s · gate policy',
    ],
    [
      'how long a bake lasts',
      scene('baking', { slot: slot({ phase: 'baking', bake: { startedAt: time } as never }) }),
      'baking · 5.0 s · stable in 55 s at the earliest',
    ],
    [
      'whom a canary waits for',
      scene('canary', {
        slot: slot({ phase: 'canary', canary: { runs: [], deadline: time + 65_000 } as never }),
        runs: [aRun(1, { outcome: 'running', endedAt: null })],
      }),
      'canary · 5.0 s · 0 runs, 1 min left · runs: maker/task',
    ],
  ])('says %s', (_what, given, text) => {
    expect(nowText(given, time + 5000, 60_000)).toBe(text);
  });
});
