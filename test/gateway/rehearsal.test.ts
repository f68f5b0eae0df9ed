import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import type { ScriptTurn } from '../../supervisor/model/scenario.ts';
import { completeTask, givenDoor, hello, linesOf } from './given.ts';

const args = { id: 'hello', result: 'It says "héllo" 🚀\n'.repeat(9) };
const script: ScriptTurn[] = [
  { call: { tool: 'complete_task', args } },
  { say: 'The task is done, and here are a few more words about it: ünïcode 🚀.' },
];

/** A runtime's loop: call the model, answer its tools, until it says no more. */
async function converse(client: Anthropic, stream: boolean): Promise<Anthropic.Message[]> {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Open task: hello' }];
  const answers: Anthropic.Message[] = [];
  for (;;) {
    const body = { model: 'cheap', max_tokens: 512, tools: [completeTask], messages };
    const answer = stream
      ? await client.messages.stream(body).finalMessage()
      : await client.messages.create(body);
    answers.push(answer);
    messages.push({ role: 'assistant', content: answer.content });
    const uses = answer.content.filter((block) => block.type === 'tool_use');
    if (uses.length === 0) return answers;
    messages.push({
      role: 'user',
      content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' })),
    });
  }
}

describe.each([{ stream: false }, { stream: true }])('a script, stream: $stream', ({ stream }) => {
  test('the official SDK goes through a tool-use loop', async () => {
    const given = await givenDoor({ script });
    const [first, second] = await converse(given.client(), stream);
    expect(first).toMatchObject({
      ...{ type: 'message', role: 'assistant', model: 'cheap', stop_reason: 'tool_use' },
      content: [{ type: 'tool_use', name: 'complete_task', input: { id: 'hello' } }],
    });
    const [use] = first?.content ?? [];
    expect(use?.type === 'tool_use' && use.input).toEqual(args);
    expect(use?.type === 'tool_use' && use.id).toMatch(/^toolu_01[1-9A-Za-z]{22}$/);
    expect(first?.id).toMatch(/^msg_01/);
    expect(second?.content[0]).toMatchObject({
      type: 'text',
      text: (script[1] as { say: string }).say,
    });
    expect(second?.stop_reason).toBe('end_turn');
    expect(second?.usage.input_tokens).toBeGreaterThan(first?.usage.input_tokens ?? 1e9);
    expect(second?.usage.output_tokens).toBeGreaterThan(10);
    expect(given.door.summary()).toMatchObject({
      ...{ steps: 2, usd: 0, calls: ['complete_task'], lastFailure: null },
      ...{ scriptFaults: [], rehearsed: false },
    });
    expect(linesOf(given.traces, 'answer')).toHaveLength(2);
  });

  test('an identical retry gets the same answer and takes no turn', async () => {
    const given = await givenDoor({ script: [{ say: 'one' }, { say: 'two' }] });
    const ask = (content: string) =>
      given.client().messages.create({ ...hello(), messages: [{ role: 'user', content }] });
    const [a, again, b] = [await ask('a'), await ask('a'), await ask('b')];
    expect(again).toEqual(a);
    expect(again._request_id).toBe(a._request_id);
    expect([a, b].map((each) => each.content[0])).toMatchObject([{ text: 'one' }, { text: 'two' }]);
    expect(given.door.summary().scriptFaults).toEqual([]);
  });

  test('a request beyond the script is a fault and says so', async () => {
    const given = await givenDoor({ script: [] });
    const body = { ...hello(), stream };
    const failed = await given
      .client()
      .messages.create(body)
      .catch((error) => error);
    expect(failed).toBeInstanceOf(Anthropic.BadRequestError);
    expect(failed.message).toContain('request 1 is beyond the script, which has 0 turns');
    expect(given.door.summary()).toMatchObject({
      ...{ steps: 0, lastFailure: { by: 'script' } },
      scriptFaults: [expect.stringContaining('beyond the script')],
    });
  });

  test('a call of a tool that is not offered is a fault that names both', async () => {
    const given = await givenDoor({ script: [{ call: { tool: 'fail_task', args: {} } }] });
    const body = { ...hello(), stream, tools: [completeTask] };
    for (const _ of ['first', 'retry']) {
      const failed = await given
        .client()
        .messages.create(body)
        .catch((error) => error);
      expect(failed).toBeInstanceOf(Anthropic.BadRequestError);
      expect(failed.apiMessage).toMatch(/"fail_task".*offered: complete_task/);
      expect(failed.errorCode).toBe('gateway-script');
    }
    expect(given.door.summary().scriptFaults).toHaveLength(1);
    expect(linesOf(given.traces, 'script')).toHaveLength(1);
  });
});

describe('a script', () => {
  test('a turn may speak and call several tools', async () => {
    const call = [1, 2].map((id) => ({ tool: 'complete_task', args: { id } }));
    const given = await givenDoor({ script: [{ say: 'both', call }] });
    const body = { ...hello(), tools: [completeTask] };
    const { content } = await given.client().messages.stream(body).finalMessage();
    expect(content.map((block) => block.type)).toEqual(['text', 'tool_use', 'tool_use']);
    expect(new Set(content.map((block) => 'id' in block && block.id)).size).toBe(3);
  });

  test('a tool call whose result never comes back does not count as made', async () => {
    const given = await givenDoor({ script: [{ call: { tool: 'complete_task', args: {} } }] });
    await given.client().messages.create({ ...hello(), tools: [completeTask] });
    expect(given.door.summary()).toMatchObject({ steps: 1, calls: [] });
  });

  test('results for tools that the model never called prove nothing', async () => {
    const given = await givenDoor({ script: [{ say: 'fine' }] });
    const use = { type: 'tool_use' as const, id: 'toolu_1', name: 'complete_task', input: {} };
    const result = { type: 'tool_result' as const, tool_use_id: 'toolu_1', content: 'ok' };
    await given.client().messages.create({
      ...hello(),
      messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [use] },
        { role: 'user', content: [result] },
      ],
    });
    expect(given.door.summary().calls).toEqual([]);
  });

  test('events come in the order of the protocol', async () => {
    const given = await givenDoor({ script });
    const body = { ...hello(), tools: [completeTask], stream: true };
    const answer = await given.ask('POST', '/v1/messages', body);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(answer.headers.get('request-id')).toMatch(/^req_01/);
    const names = [...(await answer.text()).matchAll(/^event: (.*)$/gm)].map((found) => found[1]);
    expect(names.filter((name) => name !== 'content_block_delta')).toEqual([
      ...['message_start', 'content_block_start', 'ping', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ]);
    expect(names.length).toBeGreaterThan(10);
  });
});

describe('the keyless provider', () => {
  const reply = { ...completeTask, name: 'reply_in_thread' };
  const send = { ...completeTask, name: 'send_message' };
  test.each([
    [
      'completes the open task',
      'Open task: t-1\nMore',
      [reply, completeTask],
      'complete_task',
      't-1',
    ],
    ['answers the open thread', 'x\nOpen thread: th-2', [reply, send], 'reply_in_thread', 'th-2'],
    [
      'writes to the sender',
      'Open message: m-3\nFrom: scout\n> hi',
      [send],
      'send_message',
      'scout',
    ],
  ])('%s', async (_, content, tools, name, argument) => {
    const given = await givenDoor();
    const messages = [{ role: 'user' as const, content }];
    const answer = await given.client().messages.create({ ...hello(), tools, messages });
    expect(answer).toMatchObject({ stop_reason: 'tool_use', content: [{ name }] });
    expect(JSON.stringify(answer.content)).toContain(`"${argument}"`);
    expect(given.door.summary()).toMatchObject({ usd: 0, steps: 1, rehearsed: true });
  });

  test('ends after a tool result, and takes no task twice', async () => {
    const given = await givenDoor();
    const answers = await converse(given.client(), true);
    expect(answers.map((each) => each.stop_reason)).toEqual(['tool_use', 'end_turn']);
    expect(given.door.summary().calls).toEqual(['complete_task']);
  });

  test('ends after a tool result even when another task is open', async () => {
    const given = await givenDoor();
    const use = { type: 'tool_use' as const, id: 't1', name: 'complete_task', input: { id: 'a' } };
    const result = { type: 'tool_result' as const, tool_use_id: 't1', content: 'ok' };
    const messages: Anthropic.MessageParam[] = [
      { role: 'user', content: 'Open task: a\nOpen task: b' },
      { role: 'assistant', content: [use] },
      { role: 'user', content: [result] },
    ];
    const answer = await given
      .client()
      .messages.create({ ...hello(), tools: [completeTask], messages });
    expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
  });

  test('says so when nothing that is open can be done with the tools offered', async () => {
    const given = await givenDoor();
    const messages = [{ role: 'user' as const, content: 'Open task: t-1' }];
    const answer = await given.client().messages.create({ ...hello(), messages });
    expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
  });
});

describe('models', () => {
  test('a name that is not offered gets the own model, and the trace says so', async () => {
    const given = await givenDoor();
    await given.client().messages.create(hello('claude-opus-4-1'));
    const [line] = linesOf(given.traces, 'call');
    expect(line).toMatchObject({ asked: 'claude-opus-4-1', model: 'cheap' });
    expect(line?.notes.join()).toContain('claude-opus-4-1');
  });

  test('no such model at all', async () => {
    const given = await givenDoor({ agent: { model: 'strong' } });
    const failed = await given
      .client()
      .messages.create(hello('x'))
      .catch((error) => error);
    expect(failed).toBeInstanceOf(Anthropic.NotFoundError);
    expect(failed).toMatchObject({ errorCode: 'no-model' });
  });

  test('the list, one of it, and a count of tokens', async () => {
    const given = await givenDoor();
    const client = given.client();
    const { data } = await client.models.list();
    expect(data.map((model) => model.id)).toEqual(['cheap']);
    expect(await client.models.retrieve('cheap')).toMatchObject({ type: 'model', id: 'cheap' });
    await expect(client.models.retrieve('dear')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const { messages, model } = hello();
    const { input_tokens } = await client.messages.countTokens({ messages, model });
    expect(input_tokens).toBeGreaterThan(5);
    expect(given.door.summary().steps).toBe(0);
  });
});
