import { type Examination, examine } from '../../doctor/doctor.ts';
import { groundOf } from '../../doctor/ground.ts';
import { checkoutIdentities, hostIdentities } from '../../host/sandbox/identities.ts';
import { numbered } from '../../model/numbered.ts';
import { type Call, exits, type Result } from '../call.ts';
import { credentialsOf } from '../place.ts';
import { verifyRelease } from '../read-releases.ts';
import { block, line } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';

/** Every check, in the order to mend what it finds. Changes nothing. */
export async function verb(call: Call): Promise<Result> {
  const { layout, place, now, paint } = call;
  const ground = groundOf({
    layout,
    policyFile: place.policyFile,
    now: now(),
    hostInstall: place.checkout === null,
    credentials: credentialsOf(place),
    identities:
      place.checkout === null ? hostIdentities(place.instance, never) : checkoutIdentities(),
    verify: (release) => verifyRelease(layout, release),
  });
  const seen = await examine(ground);
  const { ok, findings, waiting, unseen } = seen;
  return {
    exit: ok ? exits.done : exits.failed,
    json: { schema: 1, ok, findings, waiting, unseen },
    text: () => doctorText(seen, paint),
    fault: () => 'the doctor found what is broken: mend the first thing first',
  };
}

/** A doctor makes nothing. */
const never = async () => undefined;

function doctorText(seen: Examination, paint: Paint): string {
  const { findings, waiting } = seen;
  const widest = Math.max(...findings.map((one) => one.check.length));
  const lines = findings.flatMap(({ check, ok: fine, severity, message, remedy, details }) => {
    const sign = fine
      ? paint.green('ok  ')
      : severity === 'error'
        ? paint.red('BAD ')
        : paint.yellow('note');
    const head = `${sign}  ${check.padEnd(widest)}  ${line(message, 1000)}`;
    const told = details.length === 0 ? [] : [block(details.join('\n'), { bar: '        | ' })];
    const mend = remedy === null ? [] : [`        ${paint.bold(line(remedy, 1000))}`];
    return [head, ...told, ...mend];
  });
  const wait = waiting.length === 0 ? [] : ['', `After the first start: ${waiting.join(', ')}.`];
  return [...lines, ...wait, '', endText(seen, paint)].join('\n');
}

/** Of what could not be looked at nothing is claimed. */
function endText({ ok, findings, unseen }: Examination, paint: Paint): string {
  const errors = findings.filter((one) => !one.ok && one.severity === 'error').length;
  const mend = paint.red(`${errors} to mend, the first one first.`);
  if (unseen.length === 0) return ok ? paint.green('Nothing is broken.') : mend;
  const what = `${numbered(unseen.length, 'check')} could not look at everything`;
  const hidden = paint.yellow(`${what}: ${unseen.join(', ')}.`);
  return `${ok ? 'Of what could be looked at nothing is broken.' : mend} ${hidden}`;
}
