import { describe, expect, it } from 'vitest';
import { audits } from '../../supervisor/decide/audit.ts';
import { schedules } from '../../supervisor/decide/due.ts';
import { deploy } from '../../supervisor/decide/flow/deploy.ts';
import { next } from '../../supervisor/decide/next.ts';
import { skipped } from '../../supervisor/decide/view.ts';
import type { AuditRecord, Weakness } from '../../supervisor/model/audit.ts';
import type { DeploymentPhase } from '../../supervisor/model/deployment.ts';
import { deployment, host } from '../../supervisor/model/state.ts';
import {
  agent,
  because,
  now,
  paid,
  policy,
  proposal,
  type Rows,
  record,
  rollingBack,
  said,
  view,
} from './build.ts';
import { deploying, mark, settle } from './fold.ts';

const open: Weakness = {
  ...{ path: '/opt', part: 'way to program', fault: 'world' },
  ...{ message: '/opt can be written by anybody', remedy: 'chmod o-w /opt' },
};
const at = (ms: number, ...findings: Weakness[]): AuditRecord => ({ at: ms, findings });
const installed = { hostInstall: true };
const due = [
  record('maker', {
    paths: { task: { cron: '* * * * *', zone: 'UTC', next: now - 1, missed: 0 } },
  }),
];

describe('when the invocation path is looked at', () => {
  it.each<[string, AuditRecord | null | undefined, object, number | null, string[]]>([
    ['never in a checkout', undefined, {}, null, []],
    ['after a start', null, installed, null, ['audit:host']],
    ['not while stopping', null, { ...installed, stopping: true }, null, []],
    ['once, when it is safe', at(now - 9), installed, now, []],
    ['not again before a tick', at(now - 9, open), installed, now - 10, []],
    ['not again at the tick that it was asked at', at(now, open), installed, now, []],
    ['again at the next tick, when it was not', at(now - 9, open), installed, now, ['audit:host']],
  ])('%s', (_, audit, facts, lastTick, steps) => {
    const known = audit === undefined ? {} : { audit };
    expect(said(audits(view({ host: { ...known, lastTick } }, facts)))).toEqual(steps);
  });

  it('after every start anew', () => {
    const state = mark({ host: { audit: at(now) } }, { mark: 'started', pid: 1, version: '1' });
    expect(host(state).audit).toBeNull();
  });

  it('before a promotion, with the candidate named; then the flip', () => {
    const rows = { ...deploying('promoting'), host: { audit: at(now) } };
    expect(said(deploy(view(rows, installed)))).toEqual(['audit:b']);
    expect(said(deploy(view(rows)))).toEqual(['flip:promote:b']);
    const slot = { ...rows.deployment, audited: true } as typeof rows.deployment;
    expect(said(deploy(view({ ...rows, deployment: slot }, installed)))).toEqual([
      'flip:promote:b',
    ]);
  });

  it('and before it only: what another look found says nothing of this promotion', () => {
    const step = { do: 'audit' as const, release: null };
    const after = settle(deploying('promoting'), step, { of: 'audited', findings: [] });
    expect(deployment(after)?.audited).toBeUndefined();
    const asked = { ...step, release: 'b' };
    const looked = settle(deploying('promoting'), asked, { of: 'audited', findings: [] });
    expect(deployment(looked)?.audited).toBe(true);
  });
});

describe('what follows from what is found', () => {
  const unsafe = { agents: due, host: { audit: at(now, open) } };

  it('no run starts, and says why; it is counted as left out', () => {
    expect(skipped(view(unsafe, installed), agent('maker'))).toBe('unsafe');
    expect(said(schedules(view({ ...unsafe, host: { ...unsafe.host } }, installed)))).toContain(
      'missed',
    );
    expect(said(next(view(unsafe, installed)))).not.toContain('run maker');
  });

  it('before anybody looked nothing starts, and nothing is left out', () => {
    const paths = { task: { cron: '', zone: 'UTC', next: now - 1, missed: 0 } };
    const one = { ...agent('maker'), schedule: { task: '' } };
    const rows = { agents: [record('maker', { paths })] };
    const facts = { agents: new Map([['a', [one]]]) };
    expect(said(schedules(view(rows, facts)))).toEqual(['run maker']);
    expect(said(schedules(view(rows, { ...facts, ...installed })))).toEqual([]);
  });

  it.each<DeploymentPhase>(['staging', 'gating', 'canary', 'promoting', 'baking'])(
    'a change stays where it is: %s',
    (phase) => {
      const rows = { ...deploying(phase), host: { audit: at(now, open) } };
      expect(said(deploy(view(rows, installed)))).toEqual([]);
    },
  );

  it('a rollback is never held up by it', () => {
    const rows = { host: { audit: at(now, open) }, rollback: rollingBack() };
    expect(said(next(view(rows, installed)))).toEqual(['flip:rollback:a']);
    expect(said(next(view({ rollback: rollingBack() }, installed)))).toEqual(['flip:rollback:a']);
  });

  it('the proposal in the slot is told, and told again when it is mended', () => {
    const step = { do: 'audit' as const, release: 'b' };
    const held = settle(deploying('promoting'), step, { of: 'audited', findings: [open] });
    expect(held.proposals.get('p')).toMatchObject({
      phase: 'promoting',
      reason: { code: 'unsafe', input: '/opt' },
    });
    expect(held.receipts.has('p')).toBe(true);
    expect(deployment(held)?.audited).toBe(false);
    const rows = deploying('promoting');
    const [row] = [...held.proposals.values()];
    const mended = settle({ ...rows, proposals: row ? [row] : [] }, step, {
      of: 'audited',
      findings: [],
    });
    expect(mended.proposals.get('p')).toMatchObject({ phase: 'promoting', reason: null });
  });

  it('what was said of a proposal before stays', () => {
    const rows = deploying('promoting');
    const word = because('operator-abort');
    const said = { ...rows, proposals: [proposal('p', { phase: 'promoting', reason: word })] };
    const step = { do: 'audit' as const, release: 'b' };
    const held = settle(said, step, { of: 'audited', findings: [open] });
    expect(held.proposals.get('p')?.reason).toEqual(word);
  });

  it('a look that could not be made is made again, and until then nothing is safe', () => {
    const step = { do: 'audit' as const, release: null };
    const failed = settle({}, step, { of: 'failed', reason: because('host-failed') });
    expect(failed.retries.get('audit:host')?.attempts).toBe(1);
    expect(host(failed).audit ?? null).toBeNull();
  });
});

describe('an agent with a budget of the day, after its journal was made anew', () => {
  const news = (unknownSpend: string[] | null, ago = 0, zone = now) => {
    const found = { what: 'rebuilt' as const, found: [], aside: null, unknownSpend };
    return { host: { journal: { ...found, at: zone - ago } } };
  };
  const day = 86_400_000;
  it.each<[string, Rows, number | undefined, string | null]>([
    ['its spend is not known', news(['maker']), 1, 'budget-exhausted'],
    ['nobody’s is known', news(null), 1, 'budget-exhausted'],
    ['another’s is not known', news(['other']), 1, null],
    ['all of it was found again', news([]), 1, null],
    ['it has no budget of the day', news(['maker']), undefined, null],
    ['that was yesterday', news(['maker'], day), 1, null],
    ['an operator has acknowledged it', { host: { journal: null } }, 1, null],
  ])('%s', (_, rows, budget, said) => {
    const mine = agent('maker', { budget: budget === undefined ? {} : { day: budget } });
    expect(skipped(view(rows), mine)).toBe(said);
  });
});

describe('who answers for an agent’s model', () => {
  const models = (cheap: object[]) => policy({ models: { cheap } });
  const rehearsed = { provider: 'rehearsal' };
  it.each<[string, object[], string | null, string | null]>([
    ['a provider', [paid], null, null],
    ['the rehearsal model', [rehearsed], null, 'no-model'],
    ['a provider, and the rehearsal model after it', [paid, rehearsed], null, null],
  ])('%s: what a checkout and an installed host make of it', (_, upstreams, here, there) => {
    const audited = { host: { audit: at(now) } };
    const asked = (facts: object) =>
      skipped({ ...view(audited, facts), policy: models(upstreams) }, agent('maker'));
    expect([asked({}), asked(installed)]).toEqual([here, there]);
  });
});
