import { describe, expect, test } from 'vitest';
import { type AuthorityQuestion, authority } from '../../supervisor/decide/authority.ts';
import type { Agent } from '../../supervisor/model/runtime.ts';
import { agent } from './build.ts';

const maker = agent('maker', { tools: ['a'], budget: { run: 1, day: 5 } });
const scout = agent('scout', { tools: ['a', 'b'] });
const before = [maker, scout];

/** What maker's proposal raises when its own entry, or the whole list, becomes this. */
function raised(after: Agent[], change: Partial<AuthorityQuestion> = {}): string[] {
  const question: AuthorityQuestion = {
    ...{ proposer: 'maker', before, after, sharedCode: false, reach: 'none', deps: false },
    ...change,
  };
  return authority(question).map((finding) => `${finding.kind} ${finding.agent}`);
}
const own = (change: Partial<Agent>) => raised([{ ...maker, ...change }, scout]);

describe("an agent's own entry", () => {
  test.each<[string, Partial<Agent>, string[]]>([
    ['nothing', {}, []],
    ['another role', { role: 'x' }, []],
    ['less budget', { budget: { run: 0.5, day: 5 } }, []],
    ['more budget a run', { budget: { run: 1.01, day: 5 } }, ['budget maker']],
    ['more budget a day', { budget: { run: 1, day: 6 } }, ['budget maker']],
    ['a budget left out falls back to the policy', { budget: { run: 1 } }, ['budget maker']],
    ['a tool less', { tools: [] }, []],
    ['a new tool', { tools: ['a', 'z'] }, ['tool maker']],
    ['another tool instead', { tools: ['z'] }, ['tool maker']],
    ['another model', { model: 'dear' }, ['model maker']],
    ['another tenant', { tenant: 'x' }, ['other-agent maker']],
    ['resident', { mode: 'resident' }, ['schedule maker']],
    ['never', { schedule: {} }, []],
    ['less often', { schedule: { task: '0 */2 * * *' } }, []],
    ['twice an hour', { schedule: { task: '*/30 * * * *' } }, ['schedule maker']],
    ['a second path', { schedule: { task: '0 * * * *', drive: '0 0 * * *' } }, ['schedule maker']],
    ['at another minute', { schedule: { task: '30 * * * *' } }, []],
    [
      'rarer over the day, denser in one hour',
      { schedule: { task: '0,10 3 * * *' } },
      ['schedule maker'],
    ],
    ['with seconds', { schedule: { task: '*/30 0 * * * *' } }, ['schedule maker']],
  ])('%s', (_, change, expected) => {
    expect(own(change)).toEqual(expected);
  });
});

describe("other agents' entries", () => {
  test.each<[string, Agent[], string[]]>([
    ['a word of its role', [maker, { ...scout, role: 'x' }], ['other-agent scout']],
    ['even less of it', [maker, { ...scout, tools: ['a'] }], ['other-agent scout']],
    [
      'more for it',
      [maker, { ...scout, tools: ['a', 'b', 'c'] }],
      ['tool scout', 'other-agent scout'],
    ],
    ['it is gone', [maker], ['other-agent scout']],
    ['it is renamed', [maker, { ...scout, name: 'spy' }], ['other-agent scout', 'new-agent spy']],
    ['a new one', [maker, scout, agent('spy')], ['new-agent spy']],
    ['the order alone', [scout, maker], []],
  ])('%s', (_, after, expected) => {
    expect(raised(after)).toEqual(expected);
  });
  test('an agent may remove itself', () => expect(raised([scout])).toEqual([]));
});

describe('beyond entries', () => {
  test('the manifest or the lock file', () => {
    expect(raised(before, { deps: true })).toEqual(['deps maker']);
  });
  test.each<[string, Partial<AuthorityQuestion>, string[]]>([
    [
      'asked, reaches one with more tools',
      { sharedCode: true, reach: 'operator' },
      ['reach scout'],
    ],
    ['not asked', { sharedCode: true, reach: 'none' }, []],
    ['no shared code', { sharedCode: false, reach: 'operator' }, []],
    ['by the one with more tools', { sharedCode: true, reach: 'operator', proposer: 'scout' }, []],
    [
      'by one who is no agent',
      { sharedCode: true, reach: 'operator', proposer: 'ghost' },
      ['reach maker', 'reach scout'],
    ],
  ])('shared code, %s', (_, change, expected) => {
    expect(raised(before, change)).toEqual(expected);
  });
});
