import { setFlagsFromString } from 'node:v8';

/** Collect young garbage often instead of letting it grow: an idle daemon stays small. */
export function keepMemorySmall(): void {
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--optimize-for-size');
}
