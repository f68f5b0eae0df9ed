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
  const size = () => process.memoryUsage().heapTotal;
  let kept = size();
  const timer = setTimeout(() => {
    if (size() - kept < worthwhile) return;
    collectGarbage();
    kept = size();
  }, after).unref();
  return () => void timer.refresh();
}

let collect: ((how: object) => void) | null = null;

/** Of this thread alone: each has a heap of its own, and the buffers that hang on it. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as (how: object) => void;
  }
  collect({ type: 'major', flavor: 'last-resort' });
}
