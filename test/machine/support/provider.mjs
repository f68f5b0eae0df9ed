// Stands for a model provider on loopback: every call gets a short turn. Port: the first argument.
import { createServer } from 'node:http';

const answer = (model) => ({
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model, stop_reason: 'end_turn' },
  ...{ stop_sequence: null, content: [{ type: 'text', text: 'done' }] },
  usage: { input_tokens: 10, output_tokens: 5 },
});

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { model = '' } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer(model)));
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
