import { z } from 'zod';
import { dropProposal } from '../drop.ts';
import { faultOfPath, faultOfWords } from '../quality.ts';
import { insist, tool } from './tool.ts';

const content = z.string().max(512 * 1024);

export const proposeChange = tool({
  name: 'propose_change',
  description:
    'Proposes a change to the runtime that you and the other agents run on: whole files, new or ' +
    'changed. It is checked and tried out before anybody runs on it.',
  input: {
    title: z.string().max(200).describe('The change in one line'),
    why: z.string().describe('What is better afterwards, and for whom'),
    files: z
      .array(z.object({ path: z.string().describe('As in app/prompts/task.md'), content }))
      .max(100)
      .describe('Whole files, as they are to be'),
    delete: z.array(z.string()).max(100).optional().describe('Paths to remove'),
  },
  async run({ title, why, files, delete: removed = [] }, { turn }) {
    insist(faultOfWords(title) ?? faultOfWords(why));
    const paths = [...files.map(({ path }) => path), ...removed];
    insist(paths.length > 0 ? null : 'The proposal changes nothing.');
    for (const path of paths) insist(faultOfPath(path));
    const twice = paths.find((path, index) => paths.indexOf(path) !== index);
    insist(twice === undefined ? null : `"${twice}" comes twice.`);
    const proposal = { title: title.trim(), why: why.trim(), base: turn.release, files, removed };
    const name = await dropProposal(turn.inbox, proposal);
    return `Proposed as "${name}". You will find its outcome among your proposals.`;
  },
});
