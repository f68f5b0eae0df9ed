import { readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Layout } from '../../model/layout.ts';
import { Failure } from '../../model/reason.ts';
import type { ReleaseId } from '../../model/release.ts';
import { syncFolder } from './durable.ts';
import { errorCode, orNull } from './files.ts';
import { withRoom } from './reserve.ts';

export type FlipResult = { done: true } | { done: false; actual: ReleaseId | null };

/**
 * Move `current` to a release: symlink beside it, rename over it, folder synced, read back.
 * No reader ever sees it missing, and after a crash it is the old one or the new one.
 *
 * `expected` is what it must be before (null: not checked). The check and the rename are two
 * calls: one writer, the holder of the writer lock, is what makes them one.
 * @throws Failure `host-failed` when the link reads back as something else.
 */
export function flip(layout: Layout, release: ReleaseId, expected: ReleaseId | null): FlipResult {
  if (expected !== null) {
    const actual = readCurrent(layout);
    if (actual !== expected) return { done: false, actual };
  }
  const temporary = `${layout.root}/.current-${process.pid}`;
  rmSync(temporary, { force: true }); // of a process that had this number and was killed
  withRoom(layout, () => symlinkSync(`releases/${release}`, temporary));
  try {
    renameSync(temporary, layout.current);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(layout.current));
  const actual = readCurrent(layout);
  if (actual === release) return { done: true };
  throw new Failure('host-failed', {
    message: '`current` is not what it was just set to: somebody else moves it',
    step: 'flip',
    input: layout.current,
    expected: release,
    actual: actual ?? 'no link',
  });
}

/** The release that `current` names; null when there is no such link. */
export function readCurrent(layout: Layout): ReleaseId | null {
  try {
    const target = orNull(() => readlinkSync(layout.current));
    return target === null ? null : basename(target);
  } catch (error) {
    if (errorCode(error) === 'EINVAL') return null; // there, and not a link
    throw error;
  }
}

/** Where a link leads as it is written; null when there is none. */
export function readLink(path: string): string | null {
  try {
    return orNull(() => readlinkSync(path));
  } catch (error) {
    if (errorCode(error) === 'EINVAL') return null;
    throw error;
  }
}

/** Make a link, or move the one that is there by one rename: no reader sees it missing. */
export function moveLink(path: string, to: string): void {
  const temporary = `${dirname(path)}/.${basename(path)}-${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(to, temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(path));
}
