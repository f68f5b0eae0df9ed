import { createRequire } from 'node:module';

/**
 * Loads a package as CommonJS, which both SDKs offer. As ES modules their several hundred files
 * each cost a trip to the thread that tsx resolves in: a third of a whole run's time.
 */
export const load = createRequire(import.meta.url);
