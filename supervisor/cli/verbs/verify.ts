import { kindOf, listFolder } from '../../host/files/files.ts';
import { readCurrent } from '../../host/files/links.ts';
import { lookAt } from '../../host/files/records.ts';
import type { Layout } from '../../model/layout.ts';
import { Failure, type Reason } from '../../model/reason.ts';
import { type Call, exits, type Result, usage } from '../call.ts';
import { readingIfThere } from '../open.ts';
import { type JournalVerified, verifyJournal } from '../read-journal.ts';
import { verifyRelease } from '../read-releases.ts';
import { releaseState } from '../shape/release.ts';
import { line, uncut } from '../show/escape.ts';
import { reasonText } from '../show/reason.ts';

interface Verified {
  id: string;
  ok: boolean;
  faults: Reason[];
}

/**
 * Read every byte again and compare it with the manifests. Releases share the files that are the
 * same in them: a damaged one is looked for in all of them, so that the advice is good.
 */
export function verb(call: Call): Result {
  const { layout, args } = call;
  const there = complete(layout);
  const asked = chosen(there, args[0]).map((id) => verified(layout, id));
  const journal = args[0] === undefined ? verifyJournal(layout) : null;
  const sound = asked.every((one) => one.ok);
  const ok = sound && (journal?.ok ?? true);
  const others = sound ? [] : there.filter((id) => !asked.some((one) => one.id === id));
  const all = [...asked, ...others.map((id) => verified(layout, id))];
  const affected = all.filter((one) => !one.ok).map((one) => one.id);
  const intact = all.filter((one) => one.ok).map((one) => one.id);
  const shared = sharedFiles(layout, all);
  const advice = sound ? null : adviceOf(layout, affected, intact);
  const releases = () => asked.map((one) => told(call, one));
  const text = () =>
    [
      ...(asked.length === 0 ? ['There are no releases yet.'] : releases()),
      ...(journal === null ? [] : [journalLine(call, journal)]),
      ...summary(affected, intact, shared),
    ].join('\n');
  const json = { schema: 1, ok, releases: asked, affected, intact, shared, advice, journal };
  return { exit: ok ? exits.done : exits.failed, json, text, fault: () => faultOf(json) };
}

function faultOf(found: {
  affected: readonly string[];
  advice: string | null;
  journal: JournalVerified | null;
}): string {
  const { affected, advice, journal } = found;
  const lines =
    affected.length === 0 ? [] : [`damaged: ${affected.map((id) => uncut(id)).join(', ')}`];
  if (journal?.ok === false) lines.push(`the journal: ${line(journal.faults[0] ?? '')}`);
  return [...lines, `to do: ${advice ?? 'find out who wrote there; `airlock doctor`'}`].join('\n');
}

function verified(layout: Layout, id: string): Verified {
  const faults = verifyRelease(layout, id);
  return { id, ok: faults.length === 0, faults };
}

/** Newest first. */
function complete(layout: Layout): string[] {
  return listFolder(layout.releases)
    .filter((name) => kindOf(layout.release(name)) === 'folder' && !name.startsWith('.'))
    .reverse();
}

function chosen(there: readonly string[], given: string | undefined): readonly string[] {
  if (given === undefined) return there;
  if (given === '') throw usage('the release has no name: leave it out to verify all');
  if (there.includes(given)) return [given];
  const message = `there is no release ${given}`;
  const hint = 'See `airlock releases`.';
  throw new Failure('not-found', { message, step: 'verify', input: given, hint });
}

interface Shared {
  path: string;
  releases: string[];
}

/** Damaged files that are one file on the disk in several releases. */
function sharedFiles(layout: Layout, all: readonly Verified[]): Shared[] {
  const found = new Map<string, Shared>();
  for (const { id, faults } of all) {
    for (const path of new Set(faults.flatMap((one) => one.input ?? []))) {
      const file = lookAt(`${layout.release(id)}/${path}`);
      if (file?.isFile() !== true) continue;
      const inode = `${file.dev}:${file.ino}`;
      const row = found.get(inode) ?? { path, releases: [] };
      row.releases.push(id);
      found.set(inode, row);
    }
  }
  return [...found.values()].filter((one) => one.releases.length > 1);
}

/** How to come to a good state from here. */
function adviceOf(layout: Layout, affected: readonly string[], intact: readonly string[]): string {
  const current = readCurrent(layout);
  const names = affected.map((id) => uncut(id)).join(', ');
  if (intact.length === 0) {
    const restore = `restore ${layout.releases} from a backup`;
    return `No release is intact: \`airlock halt --host --reason TEXT\`, then ${restore}.`;
  }
  if (current !== null && !affected.includes(current)) {
    const other = best(layout, intact, current);
    const until = other === null ? '' : `; until then go back by name alone: ${backTo(other)}`;
    return `current is intact. Restore ${names} from a backup${until}.`;
  }
  const to = best(layout, intact, current) ?? '';
  return (
    `current is damaged: ${backTo(to)} goes to an intact release; ` +
    `then restore ${names} from a backup, and find out who wrote there.`
  );
}

const backTo = (release: string) => `\`airlock rollback --to ${uncut(release)}\``;

/** The newest stable one of them but `current`, else the newest; null where there is none. */
function best(layout: Layout, intact: readonly string[], current: string | null): string | null {
  const others = intact.filter((id) => id !== current);
  return stableOf(layout, others) ?? others[0] ?? null;
}

/** null too where the journal cannot say. */
function stableOf(layout: Layout, ids: readonly string[]): string | null {
  try {
    return readingIfThere(layout, (reader) => {
      const state = reader.state();
      const stable = ids.filter((id) => {
        const row = state.releases.get(id);
        return row !== undefined && releaseState(row, state) === 'stable';
      });
      return stable[0] ?? null;
    });
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function summary(
  affected: readonly string[],
  intact: readonly string[],
  shared: readonly Shared[],
): string[] {
  if (affected.length === 0) return [];
  const list = (ids: readonly string[]) => ids.map((id) => uncut(id)).join(', ') || 'none';
  return [
    '',
    `Damaged: ${list(affected)}`,
    `Intact: ${list(intact)}`,
    ...shared
      .slice(0, 20)
      .map(({ path, releases }) => `${line(path)} is one file in ${list(releases)}`),
  ];
}

function told({ paint }: Call, { id, faults }: Verified): string {
  if (faults.length === 0) return `${paint.green('good')}  ${uncut(id)}`;
  const lines = faults.slice(0, 20).map((one) => reasonText(one, paint).replace(/^/gm, '    '));
  const more = faults.length > 20 ? [`    ... and ${faults.length - 20} more`] : [];
  return [`${paint.red('BAD ')}  ${uncut(id)}`, ...lines, ...more].join('\n');
}

function journalLine({ paint }: Call, { ok, head, entries, faults }: JournalVerified): string {
  if (ok && head === null) return `${paint.green('good')}  journal: nothing is in it yet`;
  if (ok) {
    return `${paint.green('good')}  journal: ${entries} entries, to ${head?.seq} ${head?.hash}`;
  }
  return [`${paint.red('BAD ')}  journal`, ...faults.map((one) => `    ${line(one, 1000)}`)].join(
    '\n',
  );
}
