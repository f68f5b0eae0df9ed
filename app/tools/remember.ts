import { z } from 'zod';
import { remember as note } from '../../kernel/memory.ts';
import { faultOfWords } from '../quality.ts';
import { insist, tool } from './tool.ts';

export const remember = tool({
  name: 'remember',
  description: 'Notes something worth knowing in a later turn, under a topic.',
  input: {
    topic: z.string().max(100).describe('One or two words'),
    text: z.string().max(4000).describe('What to remember'),
  },
  async run({ topic, text }, desk) {
    insist(faultOfWords(text));
    return `Noted under "${await note(desk.turn.workspace, topic, text)}".`;
  },
});
