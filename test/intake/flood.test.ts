import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHost, type TestHost, until } from '../pipeline/support/host.ts';
import {
  Committed,
  dropMany,
  type Flood,
  floodPolicy,
  newFile,
  stageMany,
} from './support/flood.ts';

/**
 * How many lie there after the loop was blocked; by hand: AIRLOCK_FLOOD=40000. No event tells of
 * any of them, however few they are.
 */
const blocked = Number(process.env.AIRLOCK_FLOOD ?? 1_500);

/** The tick beats each second, as the sweep is what finds drops that no event told. */
const policy = floodPolicy('* * * * * *');

async function flooded(agents: string[], count: number) {
  const committed = new Committed();
  const host = await startHost({ policy, aroundJournal: committed.around });
  const flood = { inboxes: agents.map((agent) => host.layout.inbox(agent)), count };
  stageMany(flood);
  return { host, flood, ...committed };
}

const left = ({ inboxes }: Flood) =>
  inboxes.flatMap((inbox) => readdirSync(inbox)).filter((name) => name.startsWith('d')).length;

/** Each drop became one proposal, its original is kept, and nothing is left in the inboxes. */
function expectEachOnce(host: TestHost, count: number, proposals: Committed['proposals']): void {
  const all = [...proposals].filter(([, one]) => one.drop.startsWith('d'));
  const drops = all.map(([, one]) => one.drop).sort();
  const wanted = Array.from({ length: count }, (_, at) => `d${at}`).sort();
  expect(drops).toEqual(wanted);
  const lost = all.filter(([id]) => !existsSync(join(host.layout.sealed(id), 'original')));
  expect(lost).toEqual([]);
  const refused = all.filter(([, one]) => one.phase === 'refused').length;
  expect(refused).toBeGreaterThan(count / 2);
}

test('5,000 drops at once from five agents: none missed, none twice', async () => {
  const agents = ['ada', 'ben', 'cleo', 'dan', 'eve'];
  const { host, flood, proposals } = await flooded(agents, 5000);
  await using _ = host;
  spawn(process.execPath, dropMany(flood));
  await until(
    () => proposals.size >= flood.count && left(flood) === 0,
    () => `all to be received; ${proposals.size} are`,
    300_000,
  );
  expectEachOnce(host, flood.count, proposals);
}, 400_000);

test('drops that the kernel cannot tell of any more while the loop is blocked: none missed, none twice, and no other agent waits for them', async () => {
  const { host, flood, proposals } = await flooded(['ada'], blocked);
  await using _ = host;
  // Synchronous: the loop stands meanwhile.
  execFileSync(process.execPath, dropMany(flood, { untold: true }));
  host.dropFile('ben', 'beside.patch', newFile('beside'));
  const beside = () => [...proposals.values()].some((one) => one.drop === 'beside');
  await until(beside, () => 'the drop of another agent to be received');
  expect(proposals.size).toBeLessThan(blocked / 4);
  await until(
    () => proposals.size > flood.count && left(flood) === 0,
    () => `all to be received; ${proposals.size} are`,
    900_000,
  );
  expectEachOnce(host, flood.count, proposals);
}, 1_000_000);
