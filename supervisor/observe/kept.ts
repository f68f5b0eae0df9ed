import { join } from 'node:path';
import { listNames, lookAt } from '../host/files/records.ts';
import type { Facts } from '../model/fact.ts';
import type { Layout } from '../model/layout.ts';
import { listAnswers } from '../store/requests.ts';

type Kept = Facts['kept'];
const traceEnd = '.jsonl';

/** Sealed proposals, traces and answers on the disk, with the time of their last change. */
export function kept(layout: Layout): Kept {
  const intake = listed(layout.intake, 'intake', (name) => name);
  const traces = listed(layout.traces, 'trace', (name) => {
    return name.endsWith(traceEnd) ? name.slice(0, -traceEnd.length) : null;
  });
  const requests = listAnswers(layout).map((one) => ({ what: 'request' as const, ...one }));
  return [...intake, ...traces, ...requests];
}

function listed(
  folder: string,
  what: Kept[number]['what'],
  idOf: (name: string) => string | null,
): Kept {
  if (lookAt(folder) === null) return [];
  return listNames(folder).flatMap((name) => {
    const id = name.startsWith('.') ? null : idOf(name);
    const found = id === null ? null : lookAt(join(folder, name));
    return id === null || found === null ? [] : [{ what, id, at: Math.trunc(found.mtimeMs) }];
  });
}
