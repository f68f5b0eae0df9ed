import { createHash } from 'node:crypto';
import type { Member } from '../../host/inbox/take.ts';
import { type ProposalFile, proposalFileSchema } from '../../model/proposal.ts';
import { type Reason, type ReasonCode, reason } from '../../model/reason.ts';
import { parseBounded } from '../../store/yaml-bounded.ts';

/** One file that an overlay lays over its base. */
export interface OverlayFile {
  /** Relative to the release. */
  path: string;
  mode: '100644' | '100755';
  content: Buffer;
}

export interface Overlay {
  /** null when it could not be read. */
  file: ProposalFile | null;
  files: OverlayFile[];
  faults: Reason[];
}

const kinds: Partial<Record<Member['kind'], [ReasonCode, string]>> = {
  symlink: ['symlink', 'A symbolic link'],
  'hard-link': ['hard-link', 'A file with more than one name'],
  fifo: ['fifo', 'A named pipe'],
  socket: ['socket', 'A socket'],
  device: ['device', 'A device'],
  unreadable: ['unreadable', 'It cannot be read'],
  'too-deep': ['too-deep', 'Folders in folders, too deep to be looked through'],
  other: ['not-regular', 'Neither a file nor a folder'],
};

/** What a single member may not be, whatever it is part of. */
export function memberFaults(member: Member): Reason[] {
  const faults: Reason[] = [];
  const input = member.path === '' ? null : member.path;
  const kind = kinds[member.kind];
  if (kind) faults.push(reason(kind[0], { message: kind[1], step: 'intake', input }));
  if (!member.utf8) {
    faults.push(reason('path-not-utf8', { message: 'A path is no UTF-8', step: 'intake', input }));
  }
  if (member.kind !== 'folder' && (member.mode & 0o7000) !== 0) {
    const message = 'A set-uid, set-gid or sticky bit';
    const actual = member.mode.toString(8);
    faults.push(reason('setuid', { message, step: 'intake', input, actual }));
  }
  return faults;
}

/**
 * Read `proposal.yaml` and `files/...` out of what a folder or tarball held. Members whose own
 * faults are reported already (links, devices) are left out.
 */
export function readOverlay(all: readonly Member[]): Overlay {
  const faults: Reason[] = [];
  const members = unwrapped(all.map((one) => ({ ...one, path: withoutDot(one.path) })));
  const files: OverlayFile[] = [];
  let file: ProposalFile | null = null;
  let found = false;
  for (const member of members) {
    if (member.path === 'proposal.yaml' && member.kind === 'file') {
      if (found) faults.push(malformed('proposal.yaml comes twice', null));
      found = true;
      file = readProposalFile(member.content, faults);
    } else if (member.path.startsWith('files/')) {
      const path = member.path.slice('files/'.length);
      const mode = (member.mode & 0o100) === 0 ? '100644' : '100755';
      if (member.kind === 'file') files.push({ path, mode, content: member.content });
    } else if (member.path !== '' && !(member.path === 'files' && member.kind === 'folder')) {
      faults.push(misplaced(member.path));
    }
  }
  if (!found) faults.push(malformed('There is no proposal.yaml', null));
  if (found && file && files.length + file.delete.length === 0) {
    faults.push(reason('empty', { message: 'It changes nothing', step: 'intake' }));
  }
  return { file, files, faults };
}

function misplaced(path: string): Reason {
  const parts = { step: 'intake', input: path };
  if (path.startsWith('/'))
    return reason('path-absolute', { message: 'An absolute path', ...parts });
  if (path.split('/').includes('..')) {
    return reason('path-parent', { message: 'A path has ".."', ...parts });
  }
  return malformed('Only proposal.yaml and files/ belong here', path);
}

function withoutDot(path: string): string {
  return path
    .replace(/^(\.\/+)+/, '')
    .replace(/^\.$/, '')
    .replace(/\/+$/, '');
}

/** `tar czf x.tar.gz x` puts a folder around everything: take it off. */
function unwrapped(members: Member[]): Member[] {
  const isRoot = (path: string) => path === 'proposal.yaml' || /^files(\/|$)/.test(path);
  if (members.some((member) => isRoot(member.path))) return members;
  const around = members.find((one) => /^[^/]+\/proposal\.yaml$/.test(one.path));
  const top = around?.path.split('/')[0];
  const inside = (path: string) => path === '' || path === top || path.startsWith(`${top}/`);
  if (top === undefined || top === '..' || !members.every((one) => inside(one.path))) {
    return members;
  }
  return members.map((one) => ({ ...one, path: one.path.slice(top.length + 1) }));
}

function readProposalFile(content: Buffer, faults: Reason[]): ProposalFile | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    faults.push(malformed('proposal.yaml is no UTF-8', String(error)));
    return null;
  }
  const value = readYaml(text, faults);
  if (value === undefined) return null;
  const parsed = proposalFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    faults.push(malformed(`proposal.yaml: ${issue.path.join('.')}: ${issue.message}`, null));
  }
  return null;
}

function readYaml(text: string, faults: Reason[]): unknown {
  const parsed = parseBounded(text, { schema: 'core', maxAliasCount: 20 });
  if (parsed.kind === 'parsed') return parsed.value;
  for (const { message } of parsed.faults) {
    faults.push(malformed('proposal.yaml is no YAML', message));
  }
  return undefined;
}

/** sha256 over proposal.yaml's meaning and the files: the same overlay twice has the same. */
export function overlayHash(overlay: Overlay): string {
  const hash = createHash('sha256').update(JSON.stringify(overlay.file));
  for (const one of [...overlay.files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const content = createHash('sha256').update(one.content).digest('hex');
    hash.update(`\n${one.path}\0${one.mode}\0${content}`);
  }
  return hash.digest('hex');
}

function malformed(message: string, input: string | null): Reason {
  return reason('malformed', { message, step: 'intake', input });
}
