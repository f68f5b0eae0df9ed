/** What scenarios showed, for the tables of the smoke gate. */
import { type Rehearsal, scenarioSchema } from '../../supervisor/model/scenario.ts';
import { ending } from './build.ts';

export const scenario = (change: object = {}) =>
  scenarioSchema.parse({ name: 'a task', path: 'task', ...change });
export const rehearsal = (given = ending(), change: Partial<Rehearsal> = {}): Rehearsal => ({
  ...{ scenario: scenario(), from: 'suite', agent: 'maker', ending: given, files: {} },
  ...change,
});
export const passes = [rehearsal()];
export const fails = [rehearsal(ending({ exit: 1, stderrTail: 'Error: broken' }))];
