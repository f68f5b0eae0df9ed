import { topicsOf } from '../../kernel/memory.ts';
import { assign } from '../assignment.ts';
import { emptyDesk } from '../desk.ts';
import { dutyOf } from '../duties.ts';
import { list, oneLine } from '../prompts.ts';
import { proposerNotes } from '../proposer-notes.ts';
import type { Route } from '../routing.ts';

const SHOWN = 20;

/** The recurring duty of the agent's role. Always asks the model: a duty is never done. */
export const standing: Route = async (turn) => {
  const topics = (await topicsOf(turn.workspace)).slice(0, SHOWN).map(oneLine);
  return assign(emptyDesk(turn), {
    about: 'the standing duty',
    values: {
      duty: await dutyOf(turn.agent.name),
      topics: list(topics, '(no notes yet)'),
      changes: await proposerNotes(turn),
    },
  });
};
