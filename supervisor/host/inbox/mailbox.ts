import { closeSync, constants, fchownSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { errorCode, holdsMore, makeFolder, writeAll } from '../files/files.ts';
import type { Identity } from '../sandbox/identity.ts';

/** What came of putting a file before an agent. */
export type Delivery = { kind: 'delivered' } | { kind: 'full' } | { kind: 'failed'; cause: string };

export interface Letter {
  /** The receiver's workspace, which the receiver can write and rearrange at any time. */
  workspace: string;
  name: string;
  content: string;
  /** Files that may wait in the mail folder. */
  most: number;
  identity: Identity;
}

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const fileFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Put a letter into `mail/` of a workspace. Folders are held by descriptor, so that a link which
 * the receiver puts in the way leads nowhere; the letter appears whole or not at all.
 */
export function deliverFile(letter: Letter): Delivery {
  let workspace = -1;
  let mail = -1;
  try {
    makeFolder(letter.workspace, 0o777);
    workspace = openSync(letter.workspace, folderFlags);
    const folder = `/proc/self/fd/${workspace}/mail`;
    makeOwn(folder, letter.identity);
    mail = openSync(folder, folderFlags);
    if (holdsMore(`/proc/self/fd/${mail}`, letter.most - 1)) return { kind: 'full' };
    writeLetter(`/proc/self/fd/${mail}`, letter);
    return { kind: 'delivered' };
  } catch (error) {
    const cause = errorCode(error);
    if (cause === null) throw error;
    return { kind: 'failed', cause };
  } finally {
    for (const fd of [mail, workspace]) if (fd >= 0) closeSync(fd);
  }
}

function makeOwn(folder: string, identity: Identity): void {
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  if (!identity.root) return;
  const fd = openSync(folder, folderFlags);
  try {
    fchownSync(fd, identity.uid, identity.gid);
  } finally {
    closeSync(fd);
  }
}

function writeLetter(folder: string, { name, content, identity }: Letter): void {
  const temporary = `${folder}/.${name}`;
  const fd = openSync(temporary, fileFlags, 0o644);
  try {
    writeAll(fd, Buffer.from(content));
    if (identity.root) fchownSync(fd, identity.uid, identity.gid);
    renameSync(temporary, `${folder}/${name}`);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
