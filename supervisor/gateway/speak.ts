import type { ServerResponse } from 'node:http';
import { requestId, sendJson, wireId } from './refusal.ts';
import type { ServerEvent } from './sse.ts';
import { encodeEvent } from './sse.ts';

/** One thing that a rehearsed turn consists of. */
export type Utterance = { say: string } | { tool: string; args: Record<string, unknown> };

type SpokenBlock =
  | { type: 'text'; text: string; citations: null }
  | { type: 'tool_use'; id: string; name: string; input: unknown; caller: { type: 'direct' } };

/** A message of the Messages API as it is on the wire. */
export interface SpokenMessage {
  id: string;
  model: string;
  content: SpokenBlock[];
  stop: 'end_turn' | 'tool_use';
  tokens: { input: number; output: number };
  /** Header `request-id`. */
  request: string;
}

/** Composes a message; tokens are counted as four characters each. */
export function composeMessage(
  utterances: Utterance[],
  model: string,
  inputTokens: number,
): SpokenMessage {
  const content = utterances.map(blockOf);
  const said = content.map((block) => (block.type === 'text' ? block.text : jsonOf(block.input)));
  return {
    id: wireId('msg'),
    model,
    content,
    stop: content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn',
    tokens: { input: inputTokens, output: countTokens(said.join(' ')) },
    request: requestId(),
  };
}

/** Plausible, and at least one. */
export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

/** Answers with the message, as one body or as a stream of events. */
export function speak(response: ServerResponse, message: SpokenMessage, stream: boolean): void {
  const headers = { 'request-id': message.request };
  if (!stream) {
    sendJson(response, 200, { ...shell(message, message.stop), content: message.content }, headers);
    return;
  }
  if (response.destroyed) return;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...headers,
  });
  for (const data of eventsOf(message)) response.write(encodeEvent(data));
  response.end();
}

/** The events of a streamed message, in the provider's order. */
export function* eventsOf(message: SpokenMessage): Generator<ServerEvent> {
  const opening = { ...shell(message, null), content: [] };
  yield event({ type: 'message_start', message: { ...opening, usage: usageOf(message, 1) } });
  for (const [index, block] of message.content.entries()) {
    yield event({ type: 'content_block_start', index, content_block: emptied(block) });
    if (index === 0) yield event({ type: 'ping' });
    for (const delta of deltasOf(block)) yield event({ type: 'content_block_delta', index, delta });
    yield event({ type: 'content_block_stop', index });
  }
  yield event({
    type: 'message_delta',
    delta: { container: null, stop_details: null, stop_reason: message.stop, stop_sequence: null },
    usage: {
      input_tokens: message.tokens.input,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: message.tokens.output,
    },
  });
  yield event({ type: 'message_stop' });
}

function blockOf(utterance: Utterance): SpokenBlock {
  if ('say' in utterance) return { type: 'text', text: utterance.say, citations: null };
  const { tool: name, args: input } = utterance;
  return { type: 'tool_use', id: wireId('toolu'), name, input, caller: { type: 'direct' } };
}

function shell(message: SpokenMessage, stop: string | null) {
  return {
    id: message.id,
    type: 'message',
    role: 'assistant',
    model: message.model,
    container: null,
    stop_details: null,
    stop_reason: stop,
    stop_sequence: null,
    usage: usageOf(message, message.tokens.output),
  };
}

function usageOf({ tokens }: SpokenMessage, output: number) {
  return {
    input_tokens: tokens.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    server_tool_use: null,
    service_tier: 'standard',
  };
}

function event(data: { type: string } & Record<string, unknown>): ServerEvent {
  return { event: data.type, data: JSON.stringify(data) };
}

function emptied(block: SpokenBlock): SpokenBlock {
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
}

function* deltasOf(block: SpokenBlock): Generator<Record<string, unknown>> {
  if (block.type === 'text') {
    for (const text of pieces(block.text)) yield { type: 'text_delta', text };
    return;
  }
  yield { type: 'input_json_delta', partial_json: '' };
  const json = jsonOf(block.input);
  if (json === '{}') return;
  for (const partial_json of pieces(json)) yield { type: 'input_json_delta', partial_json };
}

function jsonOf(input: unknown): string {
  return JSON.stringify(input);
}

/** Text in pieces of a few tokens; no character is cut in two. */
function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,24}/gu) ?? [];
}
