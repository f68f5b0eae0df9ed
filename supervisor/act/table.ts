import { flip } from '../host/files/links.ts';
import { runNotifyCommand } from '../host/process/notify.ts';
import { removePlace } from '../host/sandbox/places.ts';
import { reasonOf } from '../model/reason.ts';
import { cancellable, type Outcome, type Step, type StepKind, stepKey } from '../model/step.ts';
import { receiptFile } from '../store/receipts.ts';
import { removeAnswered, writeAnswer } from '../store/requests.ts';
import { writeSwitch } from '../store/switches.ts';
import { auditPath } from './audit.ts';
import { gateBuild } from './gates/gate-build.ts';
import { gateSmoke } from './gates/gate-smoke.ts';
import { tryPolicy } from './gates/try-policy.ts';
import { sealDrop } from './intake/seal-drop.ts';
import { readyInboxes } from './run/inboxes.ts';
import { run, stop } from './run/runs.ts';
import { stageCandidate } from './stage/candidate.ts';
import { dependencies } from './stage/install.ts';
import { mustBeWhole } from './stage/whole.ts';
import type { World } from './world.ts';

type Effects = {
  [K in StepKind]: (
    world: World,
    step: Extract<Step, { do: K }>,
    signal: AbortSignal,
  ) => Outcome | Promise<Outcome>;
};

const done: Outcome = { of: 'done' };

/** Every step and its effect: the one place where what was decided is done. */
const effects: Effects = {
  seal: sealDrop,
  stage: stageCandidate,
  deps: dependencies,
  build: async (world, step, signal) => ({
    of: 'built',
    gate: await gateBuild(world, step, signal),
  }),
  smoke: async (world, step, signal) => ({
    of: 'rehearsed',
    smoke: await gateSmoke(world, step, signal),
  }),
  'try-policy': async (world, step, signal) => ({
    of: 'rehearsed',
    smoke: await tryPolicy(world, step, signal),
  }),
  run,
  stop,
  async cancel(world, step) {
    const work = world.working.get(step.key);
    work?.cancel();
    await work?.ended;
    return done;
  },
  flip: flipCurrent,
  async receipt(world, step) {
    const proposal = world.state().proposals.get(step.proposal);
    if (proposal === undefined) return done;
    const running = [...world.state().runs.values()];
    const restartPending = running.some((one) => one.release !== proposal.release);
    const pending = proposal.phase === 'baking' && restartPending;
    const { layout } = world;
    const extras = { restartPending: pending, at: world.now() };
    await world.threads.write(receiptFile({ layout, proposal, extras }));
    return done;
  },
  answer(world, step) {
    writeAnswer(world.layout, step.request, step.answer);
    return done;
  },
  async notify(world, step) {
    const { policy, folder } = world.policy();
    if (policy.notify === undefined) return done;
    const { id: _, ...message } = step.notice;
    const at = new Date(step.notice.at).toISOString();
    const argv = policy.notify.command;
    await runNotifyCommand({
      argv,
      folder,
      message: { schema: 1, ...message, at },
      withinMs: 30_000,
    });
    return done;
  },
  halt(world, step) {
    writeSwitch(world.layout, 'host', null, step.reason);
    return done;
  },
  audit: auditPath,
  async discard(world, step) {
    const { layout, threads } = world;
    if (step.what === 'release') await threads.run('remove', { id: step.id });
    else if (step.what === 'request') removeAnswered(layout, step.id);
    else await removePlace(step.what === 'intake' ? layout.sealed(step.id) : layout.trace(step.id));
    return done;
  },
};

/** Carry out a step. Never throws and never rejects: what fails is an outcome with its reason. */
export function perform(world: World, step: Step, settle: (outcome: Outcome) => void): void {
  const failed = (error: unknown): Outcome => {
    const because = reasonOf(error, step.do);
    if (because.code === 'internal')
      world.log.error('a step failed', { step: step.do, err: error });
    return { of: 'failed', reason: because };
  };
  const effect = effects[step.do] as Effect;
  const cancelled = new AbortController();
  const { signal } = cancelled;
  try {
    const outcome = effect(world, step, signal);
    if (!(outcome instanceof Promise)) return settle(outcome);
    const key = stepKey(step);
    const ended = outcome.catch(failed).then((result) => {
      world.working.delete(key);
      settle(signal.aborted ? { of: 'stopped' } : result);
    });
    if (cancellable.has(step.do)) {
      world.working.set(key, { cancel: () => cancelled.abort(), ended });
    }
  } catch (error) {
    settle(failed(error));
  }
}

type Effect = (world: World, step: Step, signal: AbortSignal) => Outcome | Promise<Outcome>;

/** Move `current`. A release that is not whole is never made current. */
function flipCurrent(world: World, step: Step & { do: 'flip' }): Outcome {
  mustBeWhole(world.layout, step.to);
  const result = flip(world.layout, step.to, step.from);
  if (!result.done) return { of: 'moved', actual: result.actual };
  readyInboxes(world, step.to);
  return { of: 'flipped' };
}
