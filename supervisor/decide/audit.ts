import { host } from '../model/state.ts';
import { type Decision, none, start, unaudited, unsafe, type View } from './view.ts';

/**
 * Whether anybody but the supervisor could change what a run starts from is looked at before the
 * first start of this life, and at each tick while something is wrong, so that mending is noticed.
 * Before a promotion the phase `promoting` asks for it itself.
 */
export function audits(view: View): Decision {
  if (!view.facts.hostInstall || view.facts.stopping) return none;
  return unaudited(view) || again(view) ? start(view, { do: 'audit', release: null }) : none;
}

function again(view: View): boolean {
  const { audit, lastTick } = host(view.state);
  return unsafe(view) && (audit?.at ?? 0) < (lastTick ?? 0);
}
