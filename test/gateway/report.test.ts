import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { givenDoor, linesOf } from './given.ts';

type Given = Awaited<ReturnType<typeof givenDoor>>;
const report = (given: Given, body: unknown) => given.ask('POST', '/report', body);

describe('reports', () => {
  test('turns are counted, errors kept with their causes', async () => {
    const given = await givenDoor();
    const error = {
      ...{ type: 'error', message: 'the turn failed', step: 'call a tool', input: { id: 7 } },
      ...{
        expected: null,
        causes: ['ToolError: no', { code: 'EPIPE' }],
        code: 'x',
        agent: 'other',
      },
    };
    const bodies = [
      ...[
        { type: 'turn', event: 'begin' },
        { type: 'step', name: 'x' },
      ],
      ...[{ type: 'progress' }, error, { type: 'turn', event: 'end' }],
    ];
    for (const body of bodies) expect((await report(given, body)).status).toBe(200);
    expect(given.door.summary()).toMatchObject({
      turns: { begun: 1, ended: 1 },
      errors: [
        {
          ...{ message: 'the turn failed', step: 'call a tool', input: '{"id":7}', expected: null },
          causes: ['ToolError: no', '{"code":"EPIPE"}'],
        },
      ],
    });
    const traced = linesOf(given.traces, 'report').map((line) => line.type);
    expect(traced).toEqual(['turn', 'step', 'progress', 'error', 'turn']);
  });

  test.each<[string, unknown, RegExp[]]>([
    ['no type', {}, [/type/]],
    ['an unknown type', { type: 'success' }, [/type/]],
    ['a turn without event', { type: 'turn' }, [/event/]],
    ['a turn of another event', { type: 'turn', event: 'won' }, [/event/]],
    [
      'an error without words',
      { type: 'error', causes: 'none' },
      [/message: Field required/, /causes/],
    ],
    ['an end without a beginning', { type: 'turn', event: 'end' }, [/has not begun/]],
  ])('%s is refused, all faults at once', async (_, body, faults) => {
    const given = await givenDoor();
    const answer = await report(given, body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { message: string } };
    for (const fault of faults) expect(error.message).toMatch(fault);
    expect(given.door.summary()).toMatchObject({ turns: { begun: 0, ended: 0 }, errors: [] });
  });

  test('what a run says cannot improve what is known of it', async () => {
    const given = await givenDoor({ script: [] });
    await given
      .client()
      .messages.create({ model: 'x', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] })
      .catch(() => {});
    const before = given.door.summary();
    const claims = {
      steps: 99,
      usd: -5,
      lastFailure: null,
      scriptFaults: [],
      calls: ['complete_task'],
    };
    for (const type of ['step', 'progress']) await report(given, { type, ...claims });
    await report(given, { type: 'error', message: 'all is well', ...claims });
    const { errors, ...after } = given.door.summary();
    expect({ ...after, errors: [] }).toEqual({ ...before, errors: [] });
    expect(errors).toHaveLength(1);
  });

  test('many and long errors: the newest, each bounded, the innermost cause kept', async () => {
    const given = await givenDoor();
    for (let index = 0; index < 30; index++) {
      const causes = Array.from({ length: 90 }, (_, at) => `cause ${at}`);
      const body = { type: 'error', message: `${index} ${'x'.repeat(9000)}`, causes };
      expect((await report(given, body)).status).toBe(200);
    }
    const { errors } = given.door.summary();
    expect(errors).toHaveLength(20);
    expect(errors.at(-1)?.message).toMatch(/^29 x/);
    expect(errors.at(-1)?.causes.at(-1)).toBe('cause 89');
    expect(JSON.stringify(errors).length).toBeLessThan(20 * 6000);
  });

  test('more than 64 KiB is too large', async () => {
    const given = await givenDoor();
    const body = { type: 'error', message: 'x'.repeat(65 * 1024) };
    expect((await report(given, body)).status).toBe(413);
  });

  test('whatever comes, the door answers and stays', async () => {
    const given = await givenDoor();
    const type = fc.constantFrom('turn', 'step', 'progress', 'error', 'x');
    const hostile = fc.record({
      type,
      event: fc.jsonValue(),
      message: fc.jsonValue(),
      causes: fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(hostile, fc.jsonValue()), async (body) => {
        const { status } = await report(given, JSON.stringify(body));
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 150 },
    );
    expect(given.door.summary().turns.ended).toBeLessThanOrEqual(given.door.summary().turns.begun);
  });
});
