import { codeOf } from '../kernel/errors.ts';
import { readPrompt } from './prompts.ts';

/** The standing duty of an agent, `app/prompts/duties/<agent>.md`, else the one for everybody. */
export async function dutyOf(agent: string): Promise<string> {
  try {
    return (await readPrompt(`duties/${agent}`)).trim();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return (await readPrompt('duties/anybody')).trim();
  }
}
