import { createHash } from 'node:crypto';
import { kindOf } from '../../host/files/files.ts';
import { readCurrent } from '../../host/files/links.ts';
import { readTarball } from '../../host/inbox/archive.ts';
import type { SealedFile } from '../../host/inbox/sealed.ts';
import { type Member, type Taken, takeIn } from '../../host/inbox/take.ts';
import { isOperator } from '../../host/sandbox/operators.ts';
import { userName } from '../../host/sandbox/users.ts';
import type { Layout } from '../../model/layout.ts';
import type { Sealed } from '../../model/proposal.ts';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { memberFaults, type Overlay, overlayHash, readOverlay } from './overlay.ts';
import { readPatch } from './patch.ts';
import { outsideFaults, type ProposalLimits, pathFaults, togetherFaults } from './paths.ts';

export interface SealRequest {
  /** The proposal's id, given before anything is touched: a repeated seal finds its own work. */
  id: string;
  agent: string;
  /** The drop's name as dropNames gives it. */
  drop: string;
  layout: Layout;
  limits: ProposalLimits;
  /** Milliseconds since 1970. */
  sealedAt: number;
  /** What a release consists of; with it, paths outside are refused here already. */
  roots?: readonly string[];
  /** In a host install, whose all of it must be: a uid, one operator, or a user that is missing. */
  owner?: number | 'operator' | 'missing';
}

export type SealResult =
  | { kind: 'sealed'; sealed: Sealed }
  | { kind: 'withdraw'; target: string }
  /** The first reason is the one to show. */
  | { kind: 'refused'; title: string | null; reasons: Reason[] }
  | { kind: 'gone' };

export interface Examined {
  result: SealResult;
  files: SealedFile[];
}

/** Read a claimed drop, and judge its form. */
export function examine(request: SealRequest, original: string): Examined {
  const { limits, drop } = request;
  // A tarball or patch has a few bytes around its content; a folder has proposal.yaml.
  const taken = takeIn(original, { bytes: limits.bytes, files: limits.files + limits.files });
  const faults = takenFaults(taken, request);
  const top = taken.members[0];
  if (top === undefined || faults.length > 0) return refused(null, faults);
  if (drop.endsWith('.withdraw')) return withdrawal(top);
  const read = readForm(request, taken.members, top);
  if (request.owner === undefined || read.result.kind !== 'sealed' || top.uid === null) return read;
  const sealed = { ...read.result.sealed, owner: userName(top.uid) };
  return { ...read, result: { kind: 'sealed', sealed } };
}

function readForm(request: SealRequest, members: readonly Member[], top: Member): Examined {
  const { drop } = request;
  if (top.kind === 'folder') return overlay(request, members);
  if (/\.(patch|diff)$/.test(drop)) return patch(request, top.content);
  if (drop.endsWith('.tar.gz')) return tarball(request, top.content);
  const message = 'Its name does not say what it is';
  return refused(null, [reason('unknown-form', { message, step: 'intake', input: drop })]);
}

function takenFaults(taken: Taken, request: SealRequest): Reason[] {
  const { limits, owner } = request;
  const faults = taken.members.flatMap(memberFaults);
  const add = (code: ReasonCode, message: string, input: string | null, expected: string) =>
    faults.push(reason(code, { message, step: 'intake', input, expected }));
  if (taken.stopped === 'too-big') {
    add('too-big', 'It is too big', null, `at most ${limits.bytes} bytes`);
  }
  if (taken.stopped === 'too-many-files') {
    add('too-many-files', 'It holds too many files', null, `at most ${limits.files} files`);
  }
  if (taken.changed) {
    add('changed-while-sealing', 'It changed while it was read', null, 'one rename, then nothing');
  }
  if (owner === 'missing') {
    // Trying again would go on for ever: who dropped it can be compared with nobody.
    const message = `the agent ${request.agent} has no user on this host`;
    add('no-user', message, request.agent, 'a user whose inbox it is');
  } else if (owner !== undefined) faults.push(...ownerFaults(taken.members, owner));
  return faults;
}

/** All of it is one user's, and that user may drop here. */
function ownerFaults(members: readonly Member[], owner: number | 'operator'): Reason[] {
  const top = members[0]?.uid ?? null;
  const operated = owner === 'operator' && top !== null && isOperator(top);
  const right = owner === 'operator' ? (operated ? top : null) : owner;
  const expected = right === null ? 'root or an operator' : userName(right);
  const message = 'It belongs to somebody else';
  return members.flatMap(({ uid, path }) => {
    if (uid === right && uid !== null) return [];
    const actual = uid === null ? null : userName(uid);
    const parts = { message, step: 'intake', input: path || null, expected, actual };
    return [reason('wrong-owner', parts)];
  });
}

function withdrawal(top: Member): Examined {
  const target = top.content.toString('utf8').trim();
  if (top.kind === 'file' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/.test(target)) {
    return { result: { kind: 'withdraw', target }, files: [] };
  }
  const message = 'A withdrawal is a file that holds the id of a proposal, and nothing else';
  return refused(null, [reason('malformed', { message, step: 'intake' })]);
}

function patch(request: SealRequest, content: Buffer): Examined {
  const read = readPatch(content);
  const title = read.title ?? request.drop.replace(/\.(patch|diff)$/, '');
  const faults = [...read.faults, ...formFaults(request, read.paths, read.base)];
  if (faults.length > 0) return refused(title, faults);
  const sealed: Sealed = {
    form: 'patch',
    title,
    why: read.why,
    base: read.base ?? readCurrent(request.layout),
    paths: read.paths,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const file = { path: 'change.patch', mode: 0o600, content };
  return { result: { kind: 'sealed', sealed }, files: [file] };
}

function tarball(request: SealRequest, content: Buffer): Examined {
  const { bytes, files } = request.limits;
  const read = readTarball(content, { bytes, files: files + files });
  if (read.kind === 'members') return overlay(request, read.members);
  const message = 'It cannot be read as a .tar.gz within the limits';
  const parts = { message, step: 'intake', cause: read.cause };
  return refused(null, [reason(read.fault, parts)]);
}

function overlay(request: SealRequest, members: readonly Member[]): Examined {
  const read = readOverlay(members);
  const deleted = read.file?.delete ?? [];
  const written = read.files.map((file) => file.path);
  const base = read.file?.base ?? null;
  const faults = [
    ...members.flatMap(memberFaults),
    ...read.faults,
    ...formFaults(request, [...written, ...deleted], base),
  ];
  const file = read.file;
  if (faults.length > 0 || file === null) return refused(file?.title ?? null, faults);
  const sealed: Sealed = {
    form: 'overlay',
    title: file.title,
    why: file.why,
    base: base ?? readCurrent(request.layout),
    paths: [...written, ...deleted].sort(),
    bytes: read.files.reduce((sum, one) => sum + one.content.length, 0),
    sha256: overlayHash(read),
  };
  return { result: { kind: 'sealed', sealed }, files: overlayFiles(read, deleted) };
}

function overlayFiles(read: Overlay, deleted: readonly string[]): SealedFile[] {
  const list = { path: 'delete.json', mode: 0o600, content: Buffer.from(JSON.stringify(deleted)) };
  const files = read.files.map(({ path, mode, content }) => ({
    path: `files/${path}`,
    mode: mode === '100755' ? 0o700 : 0o600,
    content,
  }));
  return [list, ...files];
}

/** What paths and base can be faulted for before anything is applied. */
function formFaults(request: SealRequest, paths: readonly string[], base: string | null): Reason[] {
  const { limits, layout, roots } = request;
  if (paths.length > limits.files) {
    const message = 'It touches too many files';
    const expected = `at most ${limits.files} files`;
    const actual = `${paths.length} files`;
    return [reason('too-many-files', { message, step: 'intake', expected, actual })];
  }
  const faults = [...new Set(paths)].flatMap((path) => pathFaults(path, limits, 'intake'));
  // Of a path that is too long even its folders are too many to compare.
  const fitting = paths.filter((path) => Buffer.byteLength(path) <= limits.path);
  faults.push(...togetherFaults(fitting, 'intake'));
  if (roots !== undefined && faults.length === 0) {
    faults.push(...outsideFaults(paths, roots, 'intake'));
  }
  if (base !== null && !isRelease(layout, base)) {
    const message = 'It names a base that is no release here';
    faults.push(reason('unknown-base', { message, step: 'intake', input: base }));
  }
  return faults;
}

function isRelease(layout: Layout, id: string): boolean {
  return /^\d{8}T\d{6}Z-[0-9a-f]{10}$/.test(id) && kindOf(layout.manifest(id)) === 'file';
}

/** At most this many reasons are kept: a drop may hold thousands of faults. */
const mostReasons = 100;

function refused(title: string | null, faults: readonly Reason[]): Examined {
  return { result: { kind: 'refused', title, reasons: faults.slice(0, mostReasons) }, files: [] };
}
