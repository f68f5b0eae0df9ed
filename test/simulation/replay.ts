import { missing } from './coverage.ts';
import { history } from './history.ts';
import { timeline } from './timeline.ts';

/*
 * `npx tsx test/simulation/replay.ts SEED`: one history as a timeline, and how it ended.
 * `npx tsx test/simulation/replay.ts FROM TO`: which of these histories break, and what is rare.
 */
const [first, last] = process.argv.slice(2).map(Number);
if (first === undefined || !Number.isInteger(first)) {
  console.error('usage: npx tsx test/simulation/replay.ts SEED [TO]');
  process.exit(2);
}
if (last === undefined) one(first);
else many(first, last);

function one(seed: number): void {
  const told = history(seed);
  console.log(timeline(told));
  process.exitCode = told.violation === null ? 0 : 1;
}

function many(from: number, to: number): void {
  const seen = new Map<string, number>();
  const began = process.cpuUsage();
  for (let seed = from; seed <= to; seed++) {
    const told = history(seed);
    if (told.violation !== null) {
      console.log(`${seed}  ${told.violation.message}`);
      process.exitCode = 1;
    }
    for (const [name, often] of told.seen) seen.set(name, (seen.get(name) ?? 0) + often);
  }
  const count = to - from + 1;
  const { user, system } = process.cpuUsage(began);
  const turns = Math.round((seen.get('turn') ?? 0) / count);
  console.log(`${count} histories, ${turns} turns and ${(user + system) / 1000 / count} ms each`);
  for (const rare of missing(seen, count)) console.log(`too rare  ${rare}`);
}
