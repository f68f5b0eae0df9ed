import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collect young garbage often instead of letting it grow: an idle daemon stays small. */
export function keepMemorySmall(): void {
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--optimize-for-size');
}

/** After this much quiet, milliseconds; and only when the heap grew by as much as this, bytes. */
const quiet = 20_000;
const worthwhile = 2 * 1024 * 1024;

/**
 * Node collects when it needs room, so that an idle daemon would keep what a burst left behind.
 * Returns what to call at each sign of work: when none came for a while, garbage is collected.
 */
export function collectWhenQuiet(after = quiet): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  const size = () => process.memoryUsage().heapTotal;
  let kept = size();
  const timer = setTimeout(() => {
    if (size() - kept < worthwhile) return;
    collect({ type: 'major', flavor: 'last-resort' });
    kept = size();
  }, after).unref();
  return () => void timer.refresh();
}
