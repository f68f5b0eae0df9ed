import { z } from 'zod';
import { faultOfWords } from '../quality.ts';
import { faultOfAddressee } from './addressee.ts';
import { insist, tool } from './tool.ts';

export const sendMessage = tool({
  name: 'send_message',
  description: 'Sends a message to another agent, which sorts it in a turn of its own.',
  input: {
    to: z.string().describe('The name of the agent'),
    text: z.string().describe('What you have to say'),
  },
  async run({ to, text }, desk) {
    insist(faultOfAddressee(desk, to) ?? faultOfWords(text));
    await desk.turn.gateway.send({ to, kind: 'message', text });
    return `The message is on its way to ${to}.`;
  },
});
