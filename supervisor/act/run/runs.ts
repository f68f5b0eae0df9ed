import type { Outcome, Step } from '../../model/step.ts';
import type { World } from '../world.ts';
import { placeOf } from './places.ts';
import { startRun } from './run.ts';

/** Start a run and wait for its end. The switches themselves are read right before. */
export async function run(world: World, step: Step & { do: 'run' }): Promise<Outcome> {
  const spec = step.run;
  await world.identities.ready([spec.agent.name]);
  const place = placeOf(world, spec);
  const started = startRun(spec, place);
  world.running.set(spec.id, started);
  try {
    const ending = await started.ended;
    return { of: 'ended', ending, at: world.now() };
  } finally {
    world.running.delete(spec.id);
    place.closeTrace();
  }
}

/** Stop a run with all its processes; done when nothing of it is left. */
export async function stop(world: World, step: Step & { do: 'stop' }): Promise<Outcome> {
  const running = world.running.get(step.run);
  running?.stop(step.why);
  await running?.ended;
  return { of: 'done' };
}
