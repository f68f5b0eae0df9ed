import { stepBack } from '../../store/step-back.ts';
import { type Call, exits, type Result } from '../call.ts';
import { uncut } from '../show/escape.ts';

/** The journal of before an upgrade, where the newer one cannot be read any more. */
export function verb({ layout, now }: Call): Result {
  const back = stepBack(layout, now());
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, aside: back?.aside ?? null },
    text: () => (back === null ? 'the journal fits' : `the newer journal is ${uncut(back.aside)}`),
  };
}
