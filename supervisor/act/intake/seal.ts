import { syncFileSystem, syncFolder, syncPath } from '../../host/files/durable.ts';
import { kindOf, moveFile, readText, removeTree, writeOver } from '../../host/files/files.ts';
import { pathOf } from '../../host/inbox/names.ts';
import { writeSealed } from '../../host/inbox/sealed.ts';
import { claim } from '../../host/inbox/take.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure, type Reason, reasonOf } from '../../model/reason.ts';
import { diskFailure } from '../disk.ts';
import { examine, type SealRequest, type SealResult } from './examine.ts';

/** One of many that were sealed together. */
export type SealAnswer = { ok: SealResult } | { failed: Reason };

/**
 * Take a drop out of its agent's reach and check its form. One rename claims it into
 * `var/intake/<id>/original`, kept for inspection; what was read of it by descriptor is what is
 * judged, and is written to `sealed/`. May be repeated after a crash at any point: once
 * `seal.json` is there it is the answer.
 * @throws Failure `host-failed` when the disk is full or fails: the drop stays claimed, try again.
 */
export function seal(request: SealRequest): SealResult {
  return guarded(request, () => {
    const written = write(request);
    for (const path of written.paths) syncPath(path);
    publish(written);
    if (written.folder !== null) syncFolder(written.folder);
    syncFolder(request.layout.intake);
    return written.result;
  });
}

/** More than these are made durable by one call instead of one a file (platform notes, Files). */
const few = 3;

/**
 * Seal many: as one after another, but on the disk together. That an answer stands in its place
 * is durable with what is made durable next; until then the journal knows, or it is sealed again.
 */
export async function sealAll(requests: readonly SealRequest[]): Promise<SealAnswer[]> {
  const first = requests[0];
  if (first === undefined) return [];
  if (requests.length <= few) {
    return requests.map((one) => answerOf(() => seal(one)));
  }
  const { layout } = first;
  const all = requests.map((one) => answerOf(() => guarded(one, () => write(one))));
  await sync(layout);
  return requests.map((one, at) =>
    answerOf(() => {
      const written = all[at] as Answer<Written>;
      if ('failed' in written) throw new Failure(written.failed.code, written.failed);
      return guarded(one, () => publish(written.ok));
    }),
  );
}

async function sync(layout: Layout): Promise<void> {
  try {
    await syncFileSystem(layout.intake);
  } catch (error) {
    throw diskFailure(error, 'seal', layout.root);
  }
}

type Answer<T> = { ok: T } | { failed: Reason };

function answerOf<T>(work: () => T): Answer<T> {
  try {
    return { ok: work() };
  } catch (error) {
    return { failed: reasonOf(error, 'seal') };
  }
}

function guarded<T>(request: SealRequest, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskFailure(error, 'seal', request.layout.root);
  }
}

/** An answer that is written, and not yet in its place: that waits until all of it is durable. */
interface Written {
  result: SealResult;
  /** Where it belongs; null when it is there, or none is left. */
  folder: string | null;
  /** To be made durable before. */
  paths: string[];
}

function write(request: SealRequest): Written {
  const folder = request.layout.sealed(request.id);
  const answered = readText(`${folder}/seal.json`);
  const there = (result: SealResult): Written => ({ result, folder: null, paths: [] });
  if (answered !== null) return there(JSON.parse(answered) as SealResult);
  if (kindOf(`${folder}/original`) === 'absent') {
    const drop = pathOf(request.layout.inbox(request.agent), request.drop);
    if (!claim(drop, folder)) {
      removeTree(folder);
      return there({ kind: 'gone' });
    }
  }
  const { result, files } = examine(request, `${folder}/original`);
  const paths = result.kind === 'sealed' ? writeSealed(folder, files) : [];
  writeOver(`${folder}/${unpublished}`, JSON.stringify(result), 0o600);
  return { result, folder, paths: [`${folder}/${unpublished}`, ...paths] };
}

const unpublished = '.seal.json';

function publish({ result, folder }: Written): SealResult {
  if (folder !== null) moveFile(`${folder}/${unpublished}`, `${folder}/seal.json`);
  return result;
}
