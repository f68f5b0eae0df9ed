import { deployment, host, rollback } from '../../../supervisor/model/state.ts';
import type { Daemon } from '../daemon.ts';
import type { World } from '../world.ts';
import { policySettled } from './policies.ts';

/** Nothing is on its way and nothing waits for the supervisor. */
export function quiet(world: World, daemon: Daemon): boolean {
  const { disk, journal } = world;
  const { state } = journal;
  if (!daemon.up || deployment(state) !== null || rollback(state) !== null) return false;
  if (host(state).current === null && host(state).stillborn === null) return false;
  if (!policySettled(world)) return false;
  const going = [...state.pending.values()].some(({ step }) => step.do !== 'run');
  const again = [...state.retries.values()].some((one) => one.step !== null);
  if (going || again || state.receipts.size + state.notices.size > 0) return false;
  for (const inbox of disk.inboxes.values()) if (inbox.size > 0) return false;
  for (const one of state.answers.values()) if (!one.told) return false;
  for (const id of disk.requests.keys()) if (!disk.answers.has(id)) return false;
  const stillborn = host(state).stillborn !== null;
  return [...state.proposals.values()].every(
    (one) => one.phase === 'awaiting-approval' || one.held || stillborn || one.endedAt !== null,
  );
}

/** What must be so once all is quiet. */
export function checkEnd(world: World, daemon: Daemon): void {
  const { disk, oracle, journal } = world;
  const { state } = journal;
  const loop = daemon.loop;
  for (const id of disk.requests.keys()) {
    const answered = oracle.records.isAnswered(id);
    oracle.check(answered, 'requests', () => `${id} was never answered`);
  }
  for (const row of state.proposals.values()) {
    const told = disk.receipts.get(row.id);
    const wrong = () => `the receipt of ${row.id} says ${told}, it is ${row.phase}`;
    oracle.check(told === row.phase, 'receipts', wrong);
  }
  for (const [id, { drop }] of disk.sealed) {
    const known = oracle.records.taken.get(drop.uid);
    oracle.check(
      known === id,
      'invariant 5',
      () => `drop ${drop.uid} was claimed and lost as ${id}`,
    );
  }
  const same = loop?.underway.size === state.pending.size;
  oracle.check(same, 'invariant 5', () => 'steps under way and pending ones differ');
  const stuck = [...state.retries.values()].filter((one) => one.at < world.wall - 3_600_000);
  oracle.check(stuck.length === 0, 'bounded', () => `left behind: ${stuck.map((one) => one.key)}`);
  oracle.count('quiet end');
}
