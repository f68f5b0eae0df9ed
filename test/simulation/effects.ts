import type { Weakness } from '../../supervisor/model/audit.ts';
import { reason } from '../../supervisor/model/reason.ts';
import {
  cancellable,
  type Outcome,
  type Step,
  type StepKind,
  stepKey,
} from '../../supervisor/model/step.ts';
import { startProcess, stopProcess } from './processes.ts';
import { built, rehearsed } from './rehearsals.ts';
import { stage } from './stage.ts';
import type { World } from './world.ts';

type Settle = (outcome: Outcome) => void;
type Effects = {
  [K in StepKind]?: (world: World, step: Extract<Step, { do: K }>) => Outcome;
};

const done: Outcome = { of: 'done' };
const failed = (message: string): Outcome => ({
  of: 'failed',
  reason: reason('host-failed', { message, step: 'simulation' }),
});

/** What the audit finds while somebody else could change what runs start from. */
const open: Weakness = {
  ...{ path: '/opt', part: 'way to program', fault: 'world', message: '/opt: open', remedy: '-' },
};

/** What each step does to the simulated disk, at one instant, as `act/` does to the real one. */
const effects: Effects = {
  seal,
  stage,
  deps(world, step) {
    if (step.digest === '' || world.isBrokenLock(step.digest)) {
      const because = reason('deps-failed', { message: 'not found', step: 'deps' });
      return { of: 'no-deps', reasons: [because] };
    }
    world.disk.deps.add(step.digest);
    return { of: 'deps' };
  },
  build(world, step) {
    const folder = world.disk.releases.get(step.release);
    return folder === undefined ? failed('no such release') : built(folder);
  },
  smoke(world, step) {
    const { disk, weather, random } = world;
    const folder = disk.releases.get(step.release);
    const current = step.current === null ? null : (disk.releases.get(step.current) ?? null);
    if (folder === undefined) return failed('no such release');
    const dishonest = weather.calm ? false : random.chance(0.01);
    const { suite } = world;
    const proven = step.proven === suite;
    const how = { outage: weather.outage, halted: halted(world), dishonest, proven, suite };
    return rehearsed(folder, current, how);
  },
  'try-policy'(world, step) {
    const { disk, weather, random, suite } = world;
    const folder = disk.releases.get(step.release);
    if (folder === undefined) return failed('no such release');
    const dishonest = weather.calm ? false : random.chance(0.1);
    const how = { outage: weather.outage, halted: halted(world), dishonest, suite };
    return rehearsed(folder, null, { ...how, proven: false });
  },
  flip,
  receipt(world, step) {
    const row = world.journal.state.proposals.get(step.proposal);
    if (row !== undefined) world.disk.receipts.set(row.id, row.phase);
    return done;
  },
  answer(world, step) {
    world.oracle.answered(step.request, step.answer);
    if (world.disk.requests.has(step.request)) world.disk.answers.set(step.request, step.answer);
    return done;
  },
  notify: () => done,
  audit: ({ weather }) => ({ of: 'audited', findings: weather.unsafe ? [open] : [] }),
  halt(world, step) {
    world.disk.switches.set('host', step.reason);
    return done;
  },
  discard(world, step) {
    const { disk } = world;
    if (step.what === 'release') {
      world.oracle.discarding(step.id);
      disk.releases.delete(step.id);
    } else if (step.what === 'intake') disk.sealed.delete(step.id);
    else disk.traces.delete(step.id);
    return done;
  },
};

const halted = ({ disk, weather }: World): boolean =>
  weather.unreadable || disk.switches.has('host');

function seal({ disk, agenda }: World, step: Step & { do: 'seal' }): Outcome {
  const claimed = disk.sealed.get(step.id);
  const inbox = disk.inboxes.get(step.agent);
  const drop = claimed?.drop ?? inbox?.get(step.drop);
  if (drop === undefined) return { of: 'gone' };
  if (claimed === undefined) {
    inbox?.delete(step.drop);
    disk.sealed.set(step.id, { drop, at: agenda.now });
  }
  const { content } = drop;
  if (content.is === 'withdraw') return { of: 'withdrawal', target: content.target };
  if (content.is === 'malformed') {
    const because = reason('malformed', { message: 'neither form', step: 'intake' });
    return { of: 'unsealed', title: null, reasons: [because, because] };
  }
  return {
    of: 'sealed',
    sealed: {
      ...{ form: 'overlay', title: drop.name, why: '', base: content.base, bytes: 100 },
      paths: content.is === 'add' ? content.change.files : ['app/prompt.md'],
      sha256: `${drop.uid}`.padStart(64, 'f'),
    },
  };
}

/** As `host/links` does: the precondition is checked even when a repeat finds its own work. */
function flip({ disk }: World, step: Step & { do: 'flip' }): Outcome {
  const folder = disk.releases.get(step.to);
  if (folder === undefined || folder.damaged) {
    const message = `${step.to} is not whole`;
    return { of: 'failed', reason: reason('corrupt-release', { message, step: 'flip' }) };
  }
  if (step.from !== null && disk.current !== step.from) {
    return { of: 'moved', actual: disk.current };
  }
  disk.current = step.to;
  return { of: 'flipped' };
}

/** Milliseconds that a step takes, from and to; null: it is done before `perform` returns. */
const takes: Record<Exclude<StepKind, 'run' | 'stop' | 'cancel'>, [number, number] | null> = {
  seal: [5, 200],
  stage: [100, 3_000],
  deps: [500, 20_000],
  build: [500, 15_000],
  smoke: [2_000, 40_000],
  'try-policy': [2_000, 40_000],
  flip: null,
  receipt: null,
  answer: null,
  halt: null,
  audit: [50, 900],
  notify: [5, 3_000],
  discard: [5, 2_000],
};

/** Steps that write, and so fail on a full disk. */
const writes: ReadonlySet<StepKind> = new Set<StepKind>([
  'seal',
  'stage',
  'flip',
  'receipt',
  'answer',
  'halt',
]);

/** Carry out a step; `settle` may come at once or later, and is lost in a crash. */
export function carryOut(world: World, step: Step, settle: Settle, alive: () => boolean): void {
  const { random, weather, agenda } = world;
  if (step.do === 'run') return begin(world, step, settle);
  if (step.do === 'stop') return stopProcess(world, step, settle);
  if (step.do === 'cancel') return cancel(world, step.key, settle, alive);
  const apply = effects[step.do] as (world: World, step: Step) => Outcome;
  const unlucky = !weather.calm && random.chance(0.02);
  const full = weather.full && writes.has(step.do) && random.chance(0.8);
  const act = (): Outcome => {
    if (full || (unlucky && random.chance(0.5))) return failed('no space left on device');
    const outcome = apply(world, step);
    return unlucky ? failed('it could not be synced') : outcome;
  };
  const span = takes[step.do] ?? (!weather.calm && random.chance(0.1) ? [1, 500] : null);
  if (span === null) return settle(act());
  const ms = random.between(span[0], span[1]);
  let result: Outcome | null = null;
  const once = () => {
    result ??= act();
  };
  const leftover = { once };
  world.halfDone.add(leftover);
  const key = stepKey(step);
  const end = (outcome: () => Outcome) => {
    if (!alive() || !world.halfDone.delete(leftover)) return;
    world.working.delete(key);
    settle(outcome());
  };
  if (cancellable.has(step.do)) world.working.set(key, () => end(() => ({ of: 'stopped' })));
  agenda.in(random.between(0, ms), () => {
    if (alive() && world.halfDone.has(leftover)) once();
  });
  agenda.in(ms, () => {
    end(() => {
      once();
      return result ?? done;
    });
  });
}

/** Stop work for a deployment, done or not: its own end is told first, then that it is stopped. */
function cancel(world: World, key: string, settle: Settle, alive: () => boolean): void {
  world.agenda.in(world.random.between(0, 900), () => {
    if (!alive()) return;
    world.working.get(key)?.();
    settle(done);
  });
}

/** The switches are read once more right before a run: a halt may have come since. */
function begin(world: World, step: Step & { do: 'run' }, settle: Settle): void {
  const { weather, random } = world;
  if (!weather.calm && random.chance(0.01)) {
    const because = reason('halted', { message: 'halted at the last moment', step: 'run' });
    return settle({ of: 'failed', reason: because });
  }
  startProcess(world, step.run, settle);
}
