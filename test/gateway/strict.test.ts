import { describe, expect, test } from 'vitest';
import { Refusal } from '../../supervisor/gateway/refusal.ts';
import { judgeRequest } from '../../supervisor/gateway/strict.ts';
import { completeTask, givenDoor, hello } from './given.ts';

const use = (id: string) => ({ type: 'tool_use', id, name: 'complete_task', input: {} });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' });
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const base = () => ({ ...hello(), tools: [completeTask] as unknown[] });

function faultsOf(body: Record<string, unknown>, version: unknown = '2023-06-01'): string {
  try {
    judgeRequest(body, version);
    return '';
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

describe('what the provider would take', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a plain request', base()],
    ['two messages of one role, which it joins', { messages: [user('a'), user('b')] }],
    ['a prefill', { messages: [user('a'), assistant('b')] }],
    [
      'tools answered over two user messages',
      {
        messages: [
          ...[user('a'), assistant([use('t1'), use('t2')])],
          ...[user([result('t1')]), user([result('t2')])],
        ],
      },
    ],
    [
      'a thinking block',
      { messages: [user([{ type: 'thinking', thinking: '', signature: 's' }])] },
    ],
    ['a tool of its own', { tools: [{ type: 'bash_20250124', name: 'bash' }] }],
    ['blocks of system text', { system: [{ type: 'text', text: 'a', cache_control: {} }] }],
  ])('%s', (_, over) => {
    expect(faultsOf({ ...base(), ...over })).toBe('');
  });
});

describe('what the provider would refuse', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no max_tokens', { max_tokens: undefined }, /^max_tokens: Field required/],
    ['max_tokens 0', { max_tokens: 0 }, /max_tokens: must be greater/],
    ['no messages', { messages: [] }, /messages: at least one/],
    ['messages that are no list', { messages: 'hi' }, /messages: /],
    ['an unknown field', { max_token: 5 }, /max_token: not permitted/],
    ['an unknown role', { messages: [{ role: 'bot', content: 'a' }] }, /messages\.0\.role/],
    ['empty text', { messages: [user('')] }, /non-empty/],
    ['an empty block', { messages: [user([{ type: 'text', text: '' }])] }, /non-empty/],
    [
      'an assistant first',
      { messages: [assistant('a')] },
      /first message must use the "user" role/,
    ],
    [
      'a tool without a schema',
      { tools: [{ name: 'a' }] },
      /tools\.0\.input_schema: Field required/,
    ],
    [
      'a schema that is no object',
      { tools: [{ name: 'a', input_schema: { type: 'array' } }] },
      /tools\.0\.input_schema\.type/,
    ],
    [
      'a tool without a name',
      { tools: [{ input_schema: { type: 'object' } }] },
      /tools\.0\.name: Field required/,
    ],
    [
      'a tool name with a space',
      { tools: [{ ...completeTask, name: 'complete task' }] },
      /tools\.0\.name/,
    ],
    ['a tool twice', { tools: [completeTask, completeTask] }, /Tool names must be unique/],
    ['a choice of an unknown tool', { tool_choice: { type: 'tool', name: 'x' } }, /'x' not found/],
    [
      'a tool use without its result',
      { messages: [user('a'), assistant([use('t1')]), user('b')] },
      /ids were found without `tool_result` blocks immediately after: t1/,
    ],
    [
      'one of two results missing',
      { messages: [user('a'), assistant([use('t1'), use('t2')]), user([result('t1')])] },
      /immediately after: t2/,
    ],
    [
      'a tool use at the end',
      { messages: [user('a'), assistant([use('t1')])] },
      /immediately after: t1/,
    ],
    [
      'a result of nothing',
      { messages: [user('a'), assistant('b'), user([result('t9')])] },
      /unexpected `tool_use_id` found in `tool_result` blocks: t9/,
    ],
    ['a tool use of the user', { messages: [user([use('t1')])] }, /can only be in `assistant`/],
    [
      'an input that is no object',
      { messages: [user('a'), assistant([{ ...use('t1'), input: 'x' }]), user([result('t1')])] },
      /messages\.1\.content\.0\.input/,
    ],
  ])('%s', (_, over, fault) => {
    expect(faultsOf({ ...base(), ...over })).toMatch(fault);
  });

  test('all faults at once', () => {
    const faults = faultsOf({ ...base(), max_tokens: undefined, oops: 1, messages: [] }, null);
    for (const part of ['max_tokens', 'oops', 'messages', 'anthropic-version']) {
      expect(faults).toContain(part);
    }
  });

  test('a refused request takes no turn of the script', async () => {
    const given = await givenDoor({ script: [{ say: 'still here' }] });
    const bad = await given.ask('POST', '/v1/messages', { ...hello(), oops: true });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({
      ...{
        type: 'error',
        error: { type: 'invalid_request_error', message: 'oops: not permitted' },
      },
      request_id: bad.headers.get('request-id'),
    });
    expect(given.door.summary().lastFailure).toMatchObject({ by: 'request' });
    const good = await given.client().messages.create(hello());
    expect(good.content).toMatchObject([{ text: 'still here' }]);
    expect(given.door.summary().lastFailure).toBeNull();
  });
});

describe('what reaches past the gateway', () => {
  const search = { type: 'web_search_20250305', name: 'web_search' };
  const image = { type: 'image', source: { type: 'url', url: 'http://a/' } };
  const nested = { type: 'tool_result', tool_use_id: 't', content: [image] };
  const document = { type: 'document', source: { type: 'content', content: [image] } };
  test.each<[string, Record<string, unknown>]>([
    ['a search at the provider', { tools: [search] }],
    ['a tool of a kind nobody knows', { tools: [{ type: 'teleport_20991231', name: 't' }] }],
    ['a remote tool server', { mcp_servers: [{ type: 'url', url: 'http://a/', name: 'a' }] }],
    ['a choice of other models', { fallbacks: [{ model: 'claude-opus-4-1' }] }],
    ['an image by address', { messages: [user([image])] }],
    ['an image by address in a tool result', { messages: [user([nested])] }],
    ['an image by address in a document', { messages: [user([document])] }],
  ])('%s is refused', async (_, over) => {
    const given = await givenDoor();
    const answer = await given.ask('POST', '/v1/messages', { ...hello(), ...over });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { details: { code: 'gateway-reach' } } });
  });

  test('a tool of the provider that the agent has goes through', async () => {
    const given = await givenDoor({ agent: { tools: ['web_search'] } });
    const answer = await given.ask('POST', '/v1/messages', { ...hello(), tools: [search] });
    expect(answer.status).toBe(200);
  });
});
