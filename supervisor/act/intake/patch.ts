import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { readHead } from './mail-head.ts';
import { readSection, startsSection } from './patch-section.ts';

/** A patch as dropped: one diff, or an mbox of several commits that are applied in their order. */
export interface Patch {
  title: string | null;
  why: string;
  /** The release it names as its base. */
  base: string | null;
  /** Sorted by code units, each once. */
  paths: string[];
  /** The diffs of each commit, one a file, without anything around them: what git is given. */
  commits: FileDiff[][];
  faults: Reason[];
}

export interface FileDiff {
  paths: string[];
  text: Buffer;
}

interface Commit {
  subject: string | null;
  body: string;
  bases: string[];
  diffs: FileDiff[];
}

const mboxLine = /^From [0-9a-f]{40,64} /;

/**
 * Read what `git format-patch --stdout` or `git diff` prints. Lines are bytes: content may be of
 * any encoding, paths and words are UTF-8.
 */
export function readPatch(content: Buffer): Patch {
  const lines = content.toString('latin1').replace(/\n$/, '').split('\n');
  const faults: Reason[] = [];
  const paths = new Set<string>();
  const commits: Commit[] = [];
  for (let at = 0; at < lines.length; ) at = readCommit(lines, at, commits, paths, faults);
  const bases = new Set(commits.flatMap((commit) => commit.bases));
  if (bases.size > 1) faults.push(fault('malformed', 'It names two bases', [...bases].join(', ')));
  const diffs = commits.filter((commit) => commit.diffs.length > 0);
  if (diffs.length === 0 && faults.length === 0) faults.push(nothing(lines));
  return {
    ...words(commits),
    base: [...bases][0] ?? null,
    paths: [...paths].sort(),
    commits: diffs.map((commit) => commit.diffs),
    faults,
  };
}

/** Read from one head to the next; the line after. */
function readCommit(
  lines: readonly string[],
  start: number,
  commits: Commit[],
  paths: Set<string>,
  faults: Reason[],
): number {
  let at = start;
  while (at < lines.length && !startsSection(lines, at) && !(at > start && opens(lines, at))) {
    at += 1;
  }
  const head = readHead(lines.slice(start, at));
  if (head.encoded !== null) {
    faults.push(fault('malformed', 'The diff is encoded for mail: send it as 8bit', head.encoded));
  }
  const commit: Commit = { ...head, diffs: [] };
  while (at < lines.length && !opens(lines, at)) {
    if (!startsSection(lines, at)) {
      at += 1;
      continue;
    }
    const section = readSection(lines, at);
    for (const path of section.paths) paths.add(path);
    faults.push(...section.faults);
    const text = Buffer.from(`${lines.slice(at, section.next).join('\n')}\n`, 'latin1');
    commit.diffs.push({ paths: section.paths, text });
    at = section.next;
  }
  commits.push(commit);
  return at;
}

function opens(lines: readonly string[], at: number): boolean {
  return mboxLine.test(lines[at] as string);
}

function words(commits: readonly Commit[]): { title: string | null; why: string } {
  const named = commits.filter((commit) => commit.subject);
  const [first, ...more] = named;
  const title = first?.subject?.slice(0, 200) ?? null;
  const tail = more.map((one) => `${one.subject}\n\n${one.body}`.trim());
  const why = [(first ?? commits[0])?.body ?? '', ...tail].filter((text) => text !== '');
  return { title, why: why.join('\n\n').slice(0, 20_000) };
}

function nothing(lines: readonly string[]): Reason {
  const hunks = lines.some((line) => line.startsWith('@@ ') || line.startsWith('diff '));
  return hunks
    ? fault('malformed', 'There is a diff that git would not read', null)
    : fault('empty', 'There is no diff in it', null);
}

function fault(code: ReasonCode, message: string, input: string | null): Reason {
  return reason(code, { message, step: 'intake', input });
}
