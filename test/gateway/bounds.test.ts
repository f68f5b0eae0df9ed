import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { openPurse } from '../../supervisor/gateway/purse.ts';
import type { Halt } from '../../supervisor/model/halt.ts';
import type { Given } from './given.ts';
import { givenDoor, hello, linesOf, until } from './given.ts';
import type { Behaviour } from './provider.ts';
import { givenProvider, KEY, neverAnswers, says, streams } from './provider.ts';

async function givenPaid(given: Given = {}, ...behaviours: Behaviour[]) {
  const stand = await givenProvider(...(behaviours.length > 0 ? behaviours : [says('hi')]));
  const models = { cheap: [stand.upstream()] };
  return { stand, ...(await givenDoor({ models, readKey: () => KEY, ...given })) };
}

/** Of a call with 256 tokens of output at $15 a million, without its few input tokens. */
const RESERVE = 256 * 15e-6;

describe('money', () => {
  test('a call that may cost more than is left never goes out', async () => {
    const given = await givenPaid({ usdLimit: RESERVE });
    const failed = await given
      .client({ maxRetries: 2 })
      .messages.create(hello())
      .catch((error) => error);
    expect(failed).toMatchObject({
      status: 402,
      type: 'billing_error',
      errorCode: 'budget-exhausted',
    });
    expect(given.stand.requests).toHaveLength(0);
    expect(given.door.summary()).toMatchObject({ usd: 0, lastFailure: { by: 'budget' } });
  });

  test('what a call did not use is there for the next, until nothing is left', async () => {
    const given = await givenPaid({ usdLimit: RESERVE + 0.004 });
    let answered = 0;
    let failed: unknown = null;
    while (failed === null && answered < 100) {
      await given
        .client()
        .messages.create(hello())
        .then(
          () => answered++,
          (error) => {
            failed = error;
          },
        );
    }
    expect(failed).toMatchObject({ status: 402 });
    expect(answered).toBeGreaterThan(1);
    expect(given.stand.requests).toHaveLength(answered);
    expect(given.door.summary().usd).toBeLessThanOrEqual(RESERVE + 0.004);
  });

  test('calls at once cannot spend the same money', async () => {
    const given = await givenPaid({ usdLimit: RESERVE * 3.5 }, neverAnswers);
    const asked = Array.from({ length: 10 }, (_, index) =>
      given.client().messages.create({ ...hello(), metadata: { user_id: `u${index}` } }),
    );
    const ended = Promise.allSettled(asked);
    await until('all are refused or out', () => {
      return given.stand.requests.length + linesOf(given.traces, 'refused').length === 10;
    });
    expect(given.stand.requests).toHaveLength(3);
    expect(given.door.summary().usd).toBeGreaterThan(RESERVE * 3);
    await given.door.close();
    await ended;
    expect(given.door.summary().usd).toBeGreaterThan(RESERVE * 3);
  });

  test('doors may share a purse, and each counts its own', async () => {
    const shared = [openPurse(RESERVE * 1.5)];
    const first = await givenPaid({ shared });
    const second = await givenPaid({ shared }, neverAnswers);
    const hanging = second.client().messages.create(hello());
    hanging.catch(() => {});
    await until('the second is out', () => second.stand.requests.length === 1);
    await expect(first.client().messages.create(hello())).rejects.toMatchObject({ status: 402 });
    expect(first.door.summary().usd).toBe(0);
    expect(second.door.summary().usd).toBeGreaterThan(RESERVE);
  });

  test('a model without a known price counts as the dearest, and the trace says so', async () => {
    const stand = await givenProvider(streams('hi'));
    const models = { cheap: [stand.upstream({ model: 'unheard-of' })] };
    const given = await givenDoor({ models, readKey: () => KEY });
    await given.client().messages.stream(hello()).finalMessage();
    expect(given.door.summary().usd).toBeCloseTo(
      (100 * 15 + 40 * 18.75 + 200 * 1.5 + 50 * 75) / 1e6,
      12,
    );
    expect(linesOf(given.traces, 'call')[0]?.notes.join()).toContain('no price is known');
  });

  test('an answer that does not say what it used counts as all that was held', async () => {
    const given = await givenPaid({}, says('hi', { usage: undefined }));
    await given.client().messages.create(hello());
    expect(given.door.summary().usd).toBeCloseTo(
      linesOf(given.traces, 'call')[0]?.reserved ?? -1,
      12,
    );
  });
});

describe('a halt', () => {
  const halt: Halt = {
    ...{ scope: 'agent', target: 'maker', reason: 'it misbehaves', by: 'root' },
    at: '2026-11-21T01:33:00.000Z',
  };

  test('between two calls: the first is answered, the second never goes out', async () => {
    let on: Halt | null = null;
    const given = await givenPaid({ halted: () => on });
    await given.client().messages.create(hello());
    on = halt;
    const client = given.client({ maxRetries: 2 });
    const failed = await client.messages.create(hello()).catch((error) => error);
    expect(failed).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(failed.details).toMatchObject({
      ...{ code: 'halted', scope: 'agent', target: 'maker', why: 'it misbehaves', by: 'root' },
      resume: 'airlock resume --agent maker',
    });
    for (const part of ['maker', 'it misbehaves', 'root', 'airlock resume']) {
      expect(failed.apiMessage).toContain(part);
    }
    expect(given.stand.requests).toHaveLength(1);
    expect(given.door.summary()).toMatchObject({ steps: 1, lastFailure: { by: 'halt' } });
    expect(linesOf(given.traces, 'refused')).toMatchObject([{ status: 403, code: 'halted' }]);
    on = null;
    await given.client().messages.create(hello());
    expect(given.door.summary()).toMatchObject({ steps: 2, lastFailure: null });
  });

  test('between two upstreams of one call: the second is never asked', async () => {
    let on: Halt | null = null;
    const first = await givenProvider((response) => {
      on = halt;
      response.destroy();
    });
    const second = await givenProvider(says('too late'));
    const models = { cheap: [first.upstream(), second.upstream()] };
    const given = await givenDoor({ models, readKey: () => KEY, halted: () => on });
    await expect(given.client().messages.create(hello())).rejects.toMatchObject({ status: 403 });
    expect(second.requests).toHaveLength(0);
  });

  test('what has begun may end', async () => {
    let on: Halt | null = null;
    const given = await givenPaid({ halted: () => on }, (response, body) => {
      on = halt;
      streams('to the end')(response, body);
    });
    const answer = await given.client().messages.stream(hello()).finalMessage();
    expect(answer.content).toMatchObject([{ text: 'to the end' }]);
  });

  test('holds for rehearsed answers, counting tokens and mail as well', async () => {
    const given = await givenDoor({ halted: () => halt, script: [{ say: 'never' }] });
    await expect(given.client().messages.create(hello())).rejects.toMatchObject({ status: 403 });
    const paid = await givenPaid({ halted: () => halt });
    const count = await paid.ask('POST', '/v1/messages/count_tokens', hello());
    expect(count.status).toBe(403);
    const mail = await paid.ask('POST', '/messages', { to: 'scout', kind: 'message', text: 'hi' });
    expect(mail.status).toBe(403);
    expect([paid.stand.requests, paid.mails]).toEqual([[], []]);
  });

  test('switches that cannot be read halt', async () => {
    const given = await givenPaid({
      halted: () => {
        throw new Error('EIO: i/o error');
      },
    });
    const failed = await given
      .client()
      .messages.create(hello())
      .catch((error) => error);
    expect(failed).toMatchObject({ status: 403, errorCode: 'halted' });
    expect(failed.apiMessage).toContain('EIO');
    expect(given.stand.requests).toHaveLength(0);
  });
});

test('when a line cannot be traced nothing goes out, and the host is at fault', async () => {
  const given = await givenPaid({
    trace: () => {
      throw new Error('ENOSPC: no space left on device');
    },
  });
  const failed = await given
    .client()
    .messages.create(hello())
    .catch((error) => error);
  expect(failed).toMatchObject({ status: 500, errorCode: 'host-failed' });
  expect(given.stand.requests).toHaveLength(0);
  expect(given.door.summary().lastFailure).toMatchObject({ by: 'host' });
});
