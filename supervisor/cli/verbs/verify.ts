import { kindOf, listFolder } from '../../host/files.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import { type Call, exits, type Result } from '../call.ts';
import { verifyRelease } from '../read-releases.ts';
import { line } from '../show/escape.ts';
import { reasonText } from '../show/reason.ts';

/** Read every byte again and compare it with the manifests. */
export function verb(call: Call): Result {
  const all = chosen(call).map((id) => ({ id, faults: verifyRelease(call.layout, id) }));
  const ok = all.every((one) => one.faults.length === 0);
  const releases = all.map(({ id, faults }) => ({ id, ok: faults.length === 0, faults }));
  const text = () =>
    all.length === 0
      ? 'There are no releases yet.'
      : all.map((one) => told(call, one.id, one.faults)).join('\n');
  return { exit: ok ? exits.done : exits.failed, json: { schema: 1, ok, releases }, text };
}

function chosen({ layout, args }: Call): string[] {
  const [given] = args;
  const there = listFolder(layout.releases).filter((name) => {
    return kindOf(layout.release(name)) === 'folder' && !name.startsWith('.');
  });
  if (given === undefined) return there.reverse();
  if (there.includes(given)) return [given];
  const message = `there is no release ${given}`;
  throw new Failure('not-found', { message, step: 'verify', input: given });
}

function told({ paint }: Call, id: string, faults: readonly Reason[]): string {
  if (faults.length === 0) return `${paint.green('good')}  ${line(id)}`;
  const lines = faults.slice(0, 20).map((one) => reasonText(one, paint).replace(/^/gm, '    '));
  const more = faults.length > 20 ? [`    ... and ${faults.length - 20} more`] : [];
  return [`${paint.red('BAD ')}  ${line(id)}`, ...lines, ...more].join('\n');
}
