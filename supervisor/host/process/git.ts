import { simpleGit } from 'simple-git';
import { Failure } from '../../model/reason.ts';
import { missingPrograms } from './programs.ts';

/** What git said. Exit codes are answers here, not errors: `apply` and `merge-tree` say no by 1. */
export interface GitAnswer {
  exit: number;
  stdout: Buffer;
  stderr: string;
}

export interface GitCall {
  /** The bare repository. */
  repository: string;
  args: string[];
  /** An index file of one's own. */
  index?: string;
  input?: Buffer;
  /** The caller syncs the file system after it: git need not. */
  unsynced?: boolean;
}

/** A git that says nothing for this long, milliseconds, is killed. */
const silence = 60_000;

/**
 * No hooks, no filters, no attributes, no replacement objects, no configuration of the system or a
 * user, no prompt and no pager: what a repository of agents' content could bring along is off.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.fsmonitor=false',
  'core.protectNTFS=false',
  'core.protectHFS=false',
  'core.quotePath=false',
  'core.autocrlf=false',
  'apply.whitespace=nowarn',
  'diff.external=',
  'merge.renames=false',
  'merge.directoryRenames=false',
  'fastimport.unpackLimit=20',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.allow=never',
  'user.name=Airlock',
  'user.email=airlock@localhost',
];

const unsafe = {
  allowUnsafeHooksPath: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeProtocolOverride: true,
};

const allowEnvironment = [
  'GIT_DIR',
  'GIT_INDEX_FILE',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_GLOBAL',
  'GIT_ATTR_NOSYSTEM',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_TERMINAL_PROMPT',
  'GIT_OPTIONAL_LOCKS',
  'GIT_TRACE',
];

function environment(call: GitCall): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_DIR: call.repository,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // simple-git waits 50 ms for a command that prints nothing: with this each prints a line.
    GIT_TRACE: '1',
    ...(call.index === undefined ? {} : { GIT_INDEX_FILE: call.index }),
  };
}

/**
 * Run one git command on a bare repository.
 * @throws Failure `missing-git` when there is none, `host-failed` when it was killed.
 */
export async function git(call: GitCall): Promise<GitAnswer> {
  const stdout: Buffer[] = [];
  let answer: { exit: number; stderr: string } | null = null;
  try {
    const runner = simpleGit({
      baseDir: call.repository,
      allowEnvironment,
      config: call.unsynced ? [...settings, 'core.fsync=none'] : settings,
      unsafe,
      timeout: { block: silence },
      // Not 50 ms after its exit, the default: on a busy host its words are still under way then.
      completion: { onClose: true, onExit: false },
      input: () => call.input,
      errors: (error, result) => {
        const stderr = untraced(Buffer.concat(result.stdErr).toString());
        answer = { exit: result.exitCode, stderr };
        return result.exitCode > 0 ? undefined : error;
      },
    });
    runner.env(environment(call));
    runner.outputHandler((_command, out) => {
      out.on('data', (chunk: Buffer) => stdout.push(chunk));
    });
    await runner.raw(call.args);
  } catch (error) {
    throw gitFailure(call, error);
  }
  const { exit, stderr } = answer ?? { exit: 0, stderr: '' };
  return { exit, stderr, stdout: Buffer.concat(stdout) };
}

function untraced(stderr: string): string {
  return stderr.replace(/^\d\d:\d\d:\d\d\.\d+ .*\n/gm, '');
}

function gitFailure(call: GitCall, error: unknown): Failure {
  // simple-git keeps no code of a program that could not be started.
  const missing = missingPrograms().some((one) => one.code === 'missing-git');
  return new Failure(
    missing ? 'missing-git' : 'host-failed',
    { message: 'git could not be run', step: 'git', input: call.args.slice(0, 4).join(' ') },
    error,
  );
}

/**
 * As `git`, for commands whose every exit code but 0 is a fault of the host.
 * @throws Failure `host-failed` with what git said.
 */
export async function gitOrFail(call: GitCall): Promise<Buffer> {
  const answer = await git(call);
  if (answer.exit === 0) return answer.stdout;
  throw new Failure('host-failed', {
    message: `git ${call.args[0]} failed`,
    step: 'git',
    input: call.args.slice(0, 4).join(' '),
    expected: 'exit 0',
    actual: `exit ${answer.exit}`,
    cause: answer.stderr.slice(0, 2000),
  });
}
