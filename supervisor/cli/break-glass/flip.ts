import { mustBeWhole } from '../../act/stage/whole.ts';
import { kindOf } from '../../host/files/files.ts';
import { flip } from '../../host/files/links.ts';
import { mayWrite } from '../../host/files/records.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { Outcome, Step } from '../../model/step.ts';
import { writeSwitch } from '../../store/switches.ts';

/** The two steps that a rollback consists of: move `current`, or halt where there is nowhere to. */
export function flipComplete(layout: Layout, step: Step): Outcome {
  if (step.do === 'halt') {
    writeSwitch(layout, 'host', null, step.reason);
    return { of: 'done' };
  }
  if (step.do !== 'flip') {
    throw new Failure('internal', { message: 'no step of a rollback', step: step.do });
  }
  mustBeWhole(layout, step.to);
  const result = flip(layout, step.to, step.from);
  return result.done ? { of: 'flipped' } : { of: 'moved', actual: result.actual };
}

/** Only a whole release is made current; one without a manifest is no release at all. */
export function mustBeComplete(layout: Layout, release: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(release) && kindOf(layout.manifest(release)) === 'file') {
    return mustBeWhole(layout, release);
  }
  const message = `there is no complete release ${release}`;
  const expected = 'a release with its manifest, as `airlock releases` lists';
  throw new Failure('not-found', { message, step: 'rollback', input: release, expected });
}

/** An operator's word moves `current` through the daemon; by hand it takes who owns it. */
export function mustBeOurs(root: string, code: 'not-running' | 'no-answer'): void {
  if (mayWrite(root)) return;
  throw new Failure(code, {
    message: 'without a daemon that answers, a rollback takes root',
    step: 'rollback',
    input: root,
    expected: 'root, or the user of the supervisor',
    hint: 'Run it with sudo; or start the daemon: `systemctl start airlock`.',
  });
}
