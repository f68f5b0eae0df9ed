import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { layout as layoutOf } from '../../supervisor/model/layout.ts';
import { nothing } from '../../supervisor/model/state.ts';
import type { Pending } from '../../supervisor/model/step.ts';
import { spentByCutOff } from '../../supervisor/observe/spent.ts';
import { spentToday } from '../../supervisor/store/rebuild/spend.ts';
import { folder } from './support.ts';

/* What is known of money when the journal is not: invariant 10. */
const now = Date.UTC(2026, 10, 21, 12);
const run = (id: string) => `20261121T0118${id}`;

function givenTraces(traces: Record<string, object[] | string>) {
  const layout = layoutOf(folder());
  mkdirSync(layout.traces, { recursive: true });
  for (const [id, lines] of Object.entries(traces)) {
    const text = typeof lines === 'string' ? lines : lines.map((one) => JSON.stringify(one));
    writeFileSync(layout.trace(id), typeof text === 'string' ? text : `${text.join('\n')}\n`);
  }
  return layout;
}

const answer = (usd: number) => ({ what: 'answer', call: 1, usd });
const call = (reserved: number) => ({ what: 'call', call: 1, reserved });

test('each run of today that spent has a row again, and nobody else has', () => {
  const layout = givenTraces({
    [run('50Z-ada-task-7')]: [call(2), answer(0.5)],
    [run('51Z-a-b-drive-8')]: [call(2)],
    [run('52Z-ada-task-9')]: [{ what: 'note', text: 'nothing asked' }],
    '20261120T235959Z-ada-task-6': [answer(8)],
    'no-run': [answer(9)],
  });
  const { runs, unknown, lost } = spentToday(layout, 'r1', now);
  expect(runs).toMatchObject([
    { id: run('50Z-ada-task-7'), agent: 'ada', usd: 0.5, startedAt: '2026-11-21T01:18:50.000Z' },
    { id: run('51Z-a-b-drive-8'), agent: 'a-b', path: 'drive', usd: 2, outcome: 'interrupted' },
  ]);
  expect([unknown, lost]).toEqual([[], []]);
});

test.each<[string, object[] | string]>([
  ['is torn', `${JSON.stringify(answer(1))}\n{"what":"ca`],
  ['was full', [answer(1), { what: 'full' }]],
])('a trace that %s: its agent’s day counts as spent, and it is named', (_, lines) => {
  const layout = givenTraces({ [run('50Z-ada-task-7')]: lines });
  const { runs, unknown, lost } = spentToday(layout, 'r1', now);
  expect(runs).toMatchObject([{ usd: 1 }]);
  expect(unknown).toEqual(['ada']);
  expect(lost.join()).toMatch(/run 20261121T011850Z-ada-task-7: what it spent .*day of its agent/);
});

test('without traces nobody’s day is known; one that cannot be read is its agent’s', () => {
  const layout = givenTraces({});
  mkdirSync(layout.trace(run('50Z-ada-task-7')));
  expect(spentToday(layout, null, now)).toMatchObject({ unknown: ['ada'] });
  rmSync(layout.traces, { recursive: true });
  expect(spentToday(layout, null, now)).toMatchObject({ runs: [], unknown: null });
});

test('a run that a crash cut off spent what its trace says, or all that it might have', () => {
  const [told, full, none] = ['told', 'full', 'none'].map((id) => run(`50Z-${id}-task-7`));
  const layout = givenTraces({ [`${told}`]: [call(2)], [`${full}`]: [{ what: 'full' }] });
  const pending = [told, full, none].map((id) => {
    const step = { do: 'run', run: { id, agent: { budget: { run: 5 } } } };
    return [`run:${id}`, { step }] as unknown;
  });
  const state = { ...nothing, pending: new Map(pending as [string, Pending][]) };
  expect([...spentByCutOff(layout, state)]).toEqual([
    [told, 2],
    [full, 5],
    [none, 0],
  ]);
});
