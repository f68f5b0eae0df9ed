// A provider that repeats every key it was ever sent, in each way in which it can. Port: argv.
import { createServer } from 'node:http';

const heard = new Set();
const gossip = () => {
  const said = [...heard].flatMap((key) => {
    const bytes = Buffer.from(key);
    const hex = bytes.toString('hex');
    const percent = hex.replace(/../g, '%$&');
    const all = [key, bytes.toString('base64'), bytes.toString('base64url'), hex];
    return [...all, hex.toUpperCase(), percent, percent.toUpperCase()];
  });
  return `your keys are ${said.join(' and ')}.`;
};
const usage = { input_tokens: 10, output_tokens: 5 };
const message = (content) => ({
  ...{ id: gossip(), type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
  ...{ stop_sequence: null, content, usage },
});

/** Cut into small pieces, so that no event has a whole key. */
function streamed() {
  const pieces = gossip().match(/.{1,5}/gs);
  return [
    { type: 'message_start', message: message([]) },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...pieces.map((text) => ({
      ...{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}
const stream = (events) =>
  events.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join('');

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const key = request.headers['x-api-key'];
    if (key) heard.add(key);
    const { messages = [], stream: wanted } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    const asked = JSON.stringify(messages);
    const error = { type: 'error', error: { type: 'overloaded_error', message: gossip() } };
    const fails = asked.includes('fail');
    const kind = wanted ? 'text/event-stream' : 'application/json';
    response.writeHead(fails && !wanted ? 400 : 200, { 'content-type': kind, 'request-id': key });
    if (fails) return response.end(wanted ? stream([error]) : JSON.stringify(error));
    const whole = () => JSON.stringify(message([{ type: 'text', text: gossip() }]));
    response.end(wanted ? stream(streamed()) : whole());
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
