import { resolve } from 'node:path';
import { instancesOn } from '../../install/instances.ts';
import { upgrade } from '../../install/upgrade.ts';
import { milliseconds } from '../../model/duration.ts';
import { Failure } from '../../model/reason.ts';
import { argument, type Call, exits, type Result, text, usage } from '../call.ts';
import { hostOf, mustBeAble } from './install.ts';

/** The supervisor's own blue/green, for all instances at once: they share the program. */
export async function verb(call: Call): Promise<Result> {
  const place = hostOf(call);
  if (place.instance !== null) throw usage('an upgrade is of all instances: no --instance');
  await mustBeAble(place, 'upgrade', null);
  const within = milliseconds(text(call, 'within') ?? '5m');
  if (within === null) throw usage('--within is a duration: 90s, 5m', text(call, 'within'));
  const instances = instancesOn(place);
  const source = resolve(argument(call, 0));
  const progress = (line: string, state: string) =>
    call.note(`${state === 'there' ? '=' : '+'} ${line}`);
  process.umask(0o022);
  const { from, to, undone } = await upgrade({ place, source, instances, within, progress });
  if (undone !== null) throw new Failure(undone.code, undone);
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, from, to },
    text: () => `${to} runs; \`airlock upgrade\` with the package of ${from} goes back`,
  };
}
