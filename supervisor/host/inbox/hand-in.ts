/** Putting something into an inbox as the contract asks: whole, durable, by one rename. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { Failure } from '../../model/reason.ts';
import { syncFolder } from '../files/durable.ts';
import { errorCode, kindOf, removeTree } from '../files/files.ts';

/** Endings of a drop's name, the longest first. */
const endings = ['.tar.gz', '.patch', '.diff'];

/**
 * Copy a file or a folder into an inbox under a dot-name, sync it, rename it. Returns the drop's
 * name, with `-2`, `-3`, ... where the name is taken. What is neither file nor folder is refused
 * here already, with the words that intake would use.
 * @throws Failure `not-found`, `symlink`, `not-regular`
 */
export function handIn(source: string, inbox: string): string {
  const kind = kindOf(source);
  if (kind === 'absent') {
    const hint = 'Name a .patch, .diff, .tar.gz or folder that is there.';
    const parts = { message: `there is no ${source}`, step: 'propose', input: source, hint };
    throw new Failure('not-found', parts);
  }
  const name = basename(source);
  const hidden = join(inbox, `.${process.pid}-${name}`);
  removeTree(hidden);
  try {
    copy(source, hidden);
    syncFolder(inbox);
    return moveIn(hidden, inbox, name);
  } catch (error) {
    removeTree(hidden);
    throw error;
  }
}

function copy(from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) throw failed('symlink', `${from} is a symbolic link`, from);
  if (stat.isDirectory()) {
    mkdirSync(to, { mode: 0o755 });
    for (const name of readdirSync(from)) copy(join(from, name), join(to, name));
    syncFolder(to);
    return;
  }
  if (!stat.isFile()) throw failed('not-regular', `${from} is no regular file`, from);
  copyFileSync(from, to);
  chmodSync(to, (stat.mode & 0o111) === 0 ? 0o644 : 0o755);
  const fd = openSync(to, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

/** A free name; where another took it in between, the rename fails and the next is tried. */
function moveIn(hidden: string, inbox: string, name: string): string {
  const ending = endings.find((one) => name.endsWith(one)) ?? '';
  const stem = name.slice(0, name.length - ending.length);
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${stem}-${number}${ending}`;
    if (kindOf(join(inbox, free)) !== 'absent') continue;
    try {
      renameSync(hidden, join(inbox, free));
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
      continue;
    }
    syncFolder(inbox);
    return free;
  }
}

function failed(code: 'not-found' | 'symlink' | 'not-regular', message: string, input: string) {
  return new Failure(code, { message, step: 'propose', input });
}
