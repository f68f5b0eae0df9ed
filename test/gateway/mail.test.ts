import { describe, expect, test } from 'vitest';
import { reason } from '../../supervisor/model/reason.ts';
import { givenDoor, givenLimits, givenRun, linesOf } from './given.ts';

describe('mail', () => {
  test('the sender is stamped, whatever the message says of itself', async () => {
    const given = await givenDoor({ now: () => Date.UTC(2026, 10, 21) });
    const body = {
      ...{ to: 'scout', kind: 'task', title: 'look', body: 'around', after: ['t-1'] },
      ...{ from: 'root', run: 'forged', at: '1970-01-01T00:00:00Z' },
      ...{ sender: 'root', tenant: 'north', From: 'root', ' SENDER ': 'root' },
    };
    expect((await given.ask('POST', '/messages', body)).status).toBe(202);
    expect(given.mails).toEqual([
      {
        ...{ from: 'maker', run: givenRun().id, to: 'scout', kind: 'task' },
        at: '2026-11-21T00:00:00.000Z',
        body: { title: 'look', body: 'around', after: ['t-1'] },
      },
    ]);
    expect(linesOf(given.traces, 'mail')).toMatchObject([{ to: 'scout', kind: 'task' }]);
  });

  test.each<[string, object, RegExp]>([
    ['no receiver', { kind: 'task' }, /to: Field required/],
    ['a receiver that is a path', { to: '../keeper', kind: 'task' }, /to: /],
    ['an unknown kind', { to: 'scout', kind: 'order' }, /kind: /],
    ['nothing at all', {}, /to: Field required; kind/],
  ])('%s is refused', async (_, body, fault) => {
    const given = await givenDoor();
    const answer = await given.ask('POST', '/messages', body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toMatch(fault);
    expect(given.mails).toEqual([]);
  });

  test('a run may send only so many, and only so large', async () => {
    const limits = givenLimits({ mail: { perRun: 3, bytes: 1000 } });
    const given = await givenDoor({ limits });
    const send = (text: string) =>
      given.ask('POST', '/messages', { to: 'scout', kind: 'message', text });
    expect((await send('x'.repeat(2000))).status).toBe(413);
    const statuses = [];
    for (let count = 0; count < 5; count++) statuses.push((await send('hi')).status);
    expect(statuses).toEqual([202, 202, 202, 429, 429]);
    expect(given.mails).toHaveLength(3);
    expect(linesOf(given.traces, 'refused').at(-1)).toMatchObject({ code: 'mail-limit' });
  });

  test.each([
    ['not-found', 404],
    ['queue-full', 429],
    ['mail-limit', 429],
    ['host-failed', 500],
    ['path-not-allowed', 403],
  ] as const)("the receiver's no (%s) comes back whole as %d", async (code, status) => {
    const no = reason(code, { message: 'not there', step: 'deliver', actual: 'scout' });
    const given = await givenDoor({ deliver: () => no });
    const answer = await given.ask('POST', '/messages', { to: 'scout', kind: 'message' });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { message: 'not there', details: no } });
  });

  test('a delivery that fails is an answer, not a crash', async () => {
    const given = await givenDoor({
      deliver: () => {
        throw new Error('EROFS: read-only file system');
      },
    });
    const answer = await given.ask('POST', '/messages', { to: 'scout', kind: 'message' });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      error: { details: { code: 'internal', cause: expect.stringContaining('EROFS') } },
    });
  });
});
