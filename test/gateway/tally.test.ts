import { describe, expect, test } from 'vitest';
import type { FaultOf } from '../../supervisor/gateway/refusal.ts';
import { openTally } from '../../supervisor/gateway/tally.ts';

const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0 };
const answer = { usage, calls: [] } as unknown as Parameters<
  ReturnType<typeof openTally>['answered']
>[0];

type Event = FaultOf | 'answer' | 'gave up';

describe('whose fault it is that no call was answered any more', () => {
  test.each<[string, Event[], FaultOf | null]>([
    ['none failed', ['answer'], null],
    ['the provider failed', ['upstream'], 'upstream'],
    ['the provider failed, again and again', ['upstream', 'upstream'], 'upstream'],
    ['and then answered', ['upstream', 'answer'], null],
    ['a bad request is not made good by an outage', ['request', 'upstream'], 'request'],
    ['nor by a long one', ['request', 'upstream', 'upstream'], 'request'],
    ['nor a step beyond the script', ['script', 'upstream'], 'script'],
    ['but by an answer', ['request', 'answer', 'upstream'], 'upstream'],
    ['a bad request after an outage', ['upstream', 'request'], 'request'],
    ['a call that it gave up, and then an outage', ['gave up', 'upstream'], 'upstream'],
    ['a halt goes before all', ['request', 'halt'], 'halt'],
    ['so does the budget', ['request', 'budget'], 'budget'],
  ])('%s', (_, events, by) => {
    const tally = openTally();
    for (const event of events) {
      if (event === 'answer') tally.answered(answer, false);
      else if (event === 'gave up') tally.failed('request', 'it hung up', true);
      else tally.failed(event, 'no answer');
    }
    expect(tally.read(0).lastFailure?.by ?? null).toBe(by);
  });
});
