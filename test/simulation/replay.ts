import { history } from './history.ts';
import { timeline } from './timeline.ts';

/** `npx tsx test/simulation/replay.ts SEED`: one history as a timeline, and how it ended. */
const seed = Number(process.argv[2]);
if (!Number.isInteger(seed)) {
  console.error('usage: npx tsx test/simulation/replay.ts SEED');
  process.exit(2);
}
const told = history(seed);
console.log(timeline(told));
process.exitCode = told.violation === null ? 0 : 1;
