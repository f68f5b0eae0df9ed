import type { ServerResponse } from 'node:http';
import type { Turn, Usage } from './door.ts';

type Spoken = Extract<Turn, { say: string } | { call: object }>;

const plain: Usage = {
  input_tokens: 100,
  output_tokens: 20,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

/** Answers as the Messages API does, whole or as a stream of events. */
export function sayAnswer(response: ServerResponse, turn: Spoken, stream: boolean, number: number) {
  const message = messageOf(turn, number);
  if (stream) return streamed(response, message);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(message));
}

type Message = ReturnType<typeof messageOf>;

function messageOf(turn: Spoken, number: number) {
  return {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'rehearsal',
    content: [blockOf(turn, number)],
    stop_reason: 'call' in turn ? 'tool_use' : (turn.stop ?? 'end_turn'),
    stop_sequence: null,
    usage: { ...plain, ...turn.usage },
  };
}

function blockOf(turn: Spoken, number: number): Record<string, unknown> {
  if ('say' in turn) return { type: 'text', text: turn.say };
  return { type: 'tool_use', id: `toolu_${number}`, name: turn.call.tool, input: turn.call.args };
}

function streamed(response: ServerResponse, message: Message): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of eventsOf(message)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

function eventsOf(message: Message): { type: string; [key: string]: unknown }[] {
  const { stop_reason, stop_sequence, usage } = message;
  const block = message.content[0] as Record<string, unknown>;
  const tool = block.type === 'tool_use';
  const start = tool ? { ...block, input: {} } : { type: 'text', text: '' };
  const delta = tool
    ? { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    : { type: 'text_delta', text: block.text };
  return [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        usage: { ...usage, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ];
}
