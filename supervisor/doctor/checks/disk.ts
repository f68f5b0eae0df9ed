import { dirname } from 'node:path';
import { kindOf } from '../../host/files/files.ts';
import { type Space, spaceOf } from '../../host/files/space.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** Under these a full disk is near: the journal, a staging and a few traces. */
const little = { bytes: 256 * 1024 ** 2, share: 0.05, inodes: 2000 };
const least = { bytes: 32 * 1024 ** 2, inodes: 200 };

/** Room for the journal, releases and traces. */
export function disk({ layout }: Ground): Finding[] {
  return [judge(spaceOf(existing(layout.state)))];
}

/** The nearest folder above that is there: the disk is the same. */
function existing(folder: string): string {
  return kindOf(folder) === 'folder' ? folder : existing(dirname(folder));
}

const MiB = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`;

export function judge(space: Space): Finding {
  const { free, total, freeInodes, totalInodes } = space;
  const inodes = totalInodes === 0 ? 'any number of' : freeInodes;
  const says = `${MiB(free)} and ${inodes} inodes are free`;
  const remedy = 'Make room, or keep less: policy keep.releases, keep.traces, keep.intake.';
  const fewInodes = (under: number) => totalInodes > 0 && freeInodes < under;
  if (free < least.bytes || fewInodes(least.inodes)) {
    return bad(`the disk is full: ${says}`, remedy);
  }
  const low = free < little.bytes && free < total * little.share;
  return low || fewInodes(little.inodes)
    ? warn(`the disk is nearly full: ${says}`, remedy)
    : good(says);
}
