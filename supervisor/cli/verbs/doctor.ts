import { type Examination, examine } from '../../doctor/doctor.ts';
import { groundOf } from '../../doctor/ground.ts';
import { checkoutIdentities, hostIdentities } from '../../host/sandbox/identities.ts';
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
  const { ok, findings, waiting } = await examine(ground);
  return {
    exit: ok ? exits.done : exits.failed,
    json: { schema: 1, ok, findings, waiting },
    text: () => doctorText({ ok, findings, waiting }, paint),
    fault: () => 'the doctor found what is broken: mend the first thing first',
  };
}

/** A doctor makes nothing. */
const never = async () => undefined;

function doctorText({ ok, findings, waiting }: Examination, paint: Paint): string {
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
  const errors = findings.filter((one) => !one.ok && one.severity === 'error').length;
  const end = ok
    ? paint.green('Nothing is broken.')
    : paint.red(`${errors} to mend, the first one first.`);
  return [...lines, ...wait, '', end].join('\n');
}
