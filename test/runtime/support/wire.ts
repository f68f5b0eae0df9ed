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
  const calls = 'call' in turn ? [turn.call].flat() : [];
  return {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'rehearsal',
    content: [
      ...(turn.say === undefined ? [] : [{ type: 'text' as const, text: turn.say }]),
      ...calls.map(({ tool, args }, index) => {
        return {
          type: 'tool_use' as const,
          id: `toolu_${number}_${index}`,
          name: tool,
          input: args,
        };
      }),
    ],
    stop_reason: turn.stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: { ...plain, ...turn.usage },
  };
}

function streamed(response: ServerResponse, message: Message): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of eventsOf(message)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

type Event = { type: string; [key: string]: unknown };

function eventsOf(message: Message): Event[] {
  const { content, stop_reason, stop_sequence, usage } = message;
  const begun = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...usage, output_tokens: 1 },
  };
  return [
    { type: 'message_start', message: begun },
    ...content.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ];
}

function blockEvents(block: Message['content'][number], index: number): Event[] {
  const tool = block.type === 'tool_use';
  const start = tool ? { ...block, input: {} } : { ...block, text: '' };
  const delta = tool
    ? { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    : { type: 'text_delta', text: block.text };
  return [
    { type: 'content_block_start', index, content_block: start },
    { type: 'content_block_delta', index, delta },
    { type: 'content_block_stop', index },
  ];
}
