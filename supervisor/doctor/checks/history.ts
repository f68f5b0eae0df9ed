import { kindOf, readText } from '../../host/files/files.ts';
import { git } from '../../host/process/git.ts';
import { bad, type Finding, good, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** The history repository answers, and knows the current release. */
export async function history({ layout, current }: Ground): Promise<Finding[]> {
  const remedy = 'Remove the folder: the daemon makes it again from the releases.';
  if (kindOf(`${layout.history}/HEAD`) !== 'file') {
    return [warn('there is no history repository', 'The daemon makes it when it needs it.')];
  }
  const args = ['rev-parse', '--git-dir'];
  const { exit, stderr } = await git({ repository: layout.history, args });
  if (exit !== 0) return [bad('the history repository is broken', remedy, [stderr.slice(0, 500)])];
  const link = current();
  const commit = link === null ? null : readText(`${layout.history}/refs/releases/${link}`);
  if (link === null || commit === null) {
    return [warn('the history does not know the current release', 'It is made again when needed.')];
  }
  const known = await git({ repository: layout.history, args: ['cat-file', '-e', commit.trim()] });
  if (known.exit === 0) return [good('the history knows the current release')];
  return [bad('the history has lost the current release', remedy)];
}
