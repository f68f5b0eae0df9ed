import { reason } from '../../supervisor/model/reason.ts';
import type { Request, Verb } from '../../supervisor/model/request.ts';
import { paths } from '../../supervisor/model/runtime.ts';
import { deployment } from '../../supervisor/model/state.ts';
import { policies } from './policies.ts';
import type { World } from './world.ts';

const weights: Record<Verb | 'faulty', number> = {
  approve: 30,
  reject: 4,
  withdraw: 4,
  promote: 7,
  abort: 4,
  rollback: 6,
  unbar: 5,
  acknowledge: 1,
  run: 8,
  cancel: 4,
  'policy-apply': 4,
  'policy-rollback': 3,
  faulty: 2,
};

/** An operator asks for something: mostly what makes sense, now and then what does not. */
export function ask(world: World): void {
  const wanted = world.random.weighted(weights);
  const rows = [...world.journal.state.proposals.values()];
  const waits = rows.some((one) => one.phase === 'awaiting-approval' || one.held);
  const idle = wanted === 'approve' && !waits && world.random.chance(0.9);
  const verb = idle ? 'run' : wanted;
  if (verb !== 'faulty') {
    send(world, asked(world, verb));
    return;
  }
  const fault = reason('bad-request', { message: 'not JSON', step: 'request' });
  const id = `r${world.number()}`;
  world.disk.requests.set(id, { id, by: 'root', request: null, fault });
}

/** Put a request file into `var/control`. */
export function send(world: World, request: Request): string {
  const id = `r${world.number()}`;
  world.disk.requests.set(id, { id, by: 'root', request, fault: null });
  return id;
}

function asked(world: World, verb: Verb): Request {
  const { random, disk, journal, crew } = world;
  const { state } = journal;
  const sense = random.chance(0.85);
  const rows = [...state.proposals.values()];
  const slot = deployment(state);
  const waiting = rows.filter((one) => one.phase === 'awaiting-approval' || one.held);
  const any = random.maybe(rows)?.id ?? 'nothing';
  const reasonText = random.pick(['', 'because']);
  switch (verb) {
    case 'approve': {
      const row = sense ? random.maybe(waiting) : random.maybe(rows);
      const shown = row === undefined ? null : row.held ? (row.digest ?? row.sha256) : row.digest;
      const digest = sense && shown !== null ? shown.slice(0, 12) : 'abcdef';
      return { verb, proposal: row?.id ?? 'nothing', digest };
    }
    case 'reject':
    case 'withdraw': {
      const proposal = (sense ? random.maybe(waiting)?.id : undefined) ?? any;
      return verb === 'reject' ? { verb, proposal, reason: reasonText } : { verb, proposal };
    }
    case 'promote':
      return { verb, proposal: (sense ? slot?.proposal : null) ?? any, reason: reasonText };
    case 'abort':
    case 'acknowledge':
      return { verb, reason: reasonText };
    case 'rollback':
      return rollback(world, sense);
    case 'unbar': {
      const bad = random.maybe([...state.bad.keys()]);
      return { verb, digest: bad?.slice(0, 10) ?? 'fedcba', reason: reasonText };
    }
    case 'run': {
      const agent = sense ? random.pick(crew).name : 'nobody';
      return { verb, agent, path: random.chance(0.5) ? null : random.pick(paths) };
    }
    case 'policy-apply':
      if (sense) world.file = random.pick(policies);
      return { verb, digest: world.file.digest };
    case 'policy-rollback':
      return { verb, reason: reasonText };
    case 'cancel':
      return { verb, run: random.maybe([...state.runs.keys()]) ?? disk.current ?? 'nothing' };
  }
}

/** A rollback; now and then by a command that broke the glass: it has flipped already. */
function rollback(world: World, sense: boolean): Request {
  const { random, disk } = world;
  const blank = { verb: 'rollback' as const, keep: random.chance(0.3), reason: '' };
  const some = random.maybe([...disk.releases.keys()]) ?? 'nothing';
  const named = random.chance(0.4) ? some : null;
  if (!sense) return { ...blank, to: 'no-such-release', flipped: null };
  if (random.chance(0.15) && disk.current !== null && disk.releases.has(some)) {
    const flipped = { from: disk.current, to: some };
    move(world, some);
    return { ...blank, to: random.chance(0.5) ? some : null, flipped };
  }
  return { ...blank, to: named, flipped: null };
}

/** `current` is moved by hand, to a release that is complete, or taken away. */
export function move(world: World, to: string | null): void {
  world.disk.current = to;
  if (to !== null) world.oracle.records.vouched.add(to);
  world.oracle.disturbed();
  world.oracle.count(to === null ? 'link removed' : 'link moved');
}

/** Somebody throws a switch; it stays for a while. */
export function halt(world: World): void {
  const { random, disk, crew, journal, agenda, oracle } = world;
  const names = {
    host: 'host',
    lockdown: 'lockdown',
    agent: `agent.${random.pick(crew).name}`,
    tenant: 'tenant.default',
    run: `run.${random.maybe([...journal.state.runs.keys()]) ?? 'gone'}`,
  };
  const scope = random.weighted({ host: 2, lockdown: 3, agent: 3, tenant: 1, run: 2 });
  const name = names[scope];
  disk.switches.set(name, random.pick(['', 'enough']));
  oracle.count(`halt ${scope}`);
  oracle.disturbed();
  agenda.in(random.between(1_000, 600_000), () => disk.switches.delete(name));
}
