import { systemWords } from './system-words.ts';

/**
 * A reason: why something was refused, failed or undone, in the one shape that receipts,
 * `--json`, the journal and the log share (contract, section 3).
 */
export interface Reason {
  /** Stable, kebab-case: what programs match on. */
  code: ReasonCode;
  /** One sentence for a person. */
  message: string;
  /** The step at which it happened, e.g. `intake`, `gate smoke`, `run`. */
  step: string;
  input: string | null;
  expected: string | null;
  actual: string | null;
  /** The innermost cause. */
  cause: string | null;
  /** What to do next. */
  hint: string;
}

/** Every code, with what to do next. One place, apart from where the reasons are made. */
const hints = {
  // intake
  'not-regular': 'Drop a regular file, a folder, or a .tar.gz of regular files.',
  symlink: 'Replace the symbolic link by the file itself.',
  'hard-link': 'Copy the file instead of linking it.',
  device: 'Drop regular files and folders only.',
  fifo: 'Drop regular files and folders only.',
  socket: 'Drop regular files and folders only.',
  unreadable: 'Let the supervisor read it: set the mode to 644, folders to 755.',
  setuid: 'Clear the set-uid, set-gid and sticky bits.',
  'path-absolute': 'Write paths relative to the release.',
  'path-parent': 'Write paths without "..".',
  'path-not-utf8': 'Rename the file: paths are UTF-8.',
  'path-control': 'Rename the file: paths have no control characters.',
  'path-case': 'Rename one of the files: their paths differ only by case.',
  'path-outside': 'Change only what the runtime consists of (policy runtime.include).',
  'path-not-allowed': 'Ask an operator for a permission rule, or leave the path alone.',
  'path-too-long': 'Shorten the path (policy limits.proposal).',
  'path-conflict': 'A path is both a file and a folder, or comes twice: keep one.',
  'too-big': 'Split the change (policy limits.proposal).',
  'too-many-files': 'Split the change (policy limits.proposal).',
  'too-deep': 'Flatten the folders (policy limits.proposal).',
  malformed:
    'Write the proposal as `git format-patch --stdout` or as the contract, section 2, says.',
  'unknown-form': 'Drop <name>.patch, <name>.diff, <name>.tar.gz or a folder with proposal.yaml.',
  empty: 'The proposal changes nothing: add files/, delete, or a diff.',
  'binary-patch': 'Send binary files as an overlay folder or a tarball.',
  submodule: 'Runtimes hold regular files only: send the files themselves.',
  'changed-while-sealing': 'Drop it again by one rename, and do not touch it afterwards.',
  'unknown-base': 'Base the change on a release that still exists: see `airlock releases`.',
  'wrong-owner': 'Drop it into your own inbox, as yourself.',
  'queue-full': 'Wait until one of your proposals is decided (policy limits.queuedPerAgent).',
  'unknown-proposal': 'Name a proposal of yours that is still open: see your receipts.',
  // staging
  'stale-base': 'Rework the change on the current release and drop it again.',
  'does-not-apply': 'Make the change against the release that it names, and drop it again.',
  'no-op': 'The runtime already is as the proposal would make it. Nothing to do.',
  'known-bad': 'This content was aborted or rolled back. Change it, or ask for `airlock unbar`.',
  'deps-not-allowed': 'Use registry packages with an integrity hash only.',
  'deps-failed': 'See the cause; install offline, or make the registry reachable.',
  // gates
  'gate-policy': 'See the findings of the policy gate.',
  'gate-config': 'Mend every fault named in the findings.',
  'gate-build': 'Run the checks of policy runtime.build on the change and mend what they name.',
  'gate-smoke': 'Mend the runtime: each failed scenario names its step and innermost cause.',
  'gate-error': 'The gate could not run: an operator must mend the host, then drop it again.',
  'needs-approval':
    'An operator reads `airlock diff` and says `airlock approve ID --digest PREFIX`.',
  rejected: 'An operator said no: see the message.',
  'approval-expired': 'Nobody answered in time: drop it again.',
  // canary, bake, rollback
  'canary-failed': 'See the failed run: `airlock show RUN` and `airlock trace RUN`.',
  'canary-slow': 'The candidate takes much longer than the baseline: find out why.',
  'canary-costly': 'The candidate costs much more than the baseline: find out why.',
  'canary-inconclusive': 'Too little evidence in time. It is not barred: drop it again later.',
  'bake-failed': 'See the failed runs: `airlock runs` and `airlock trace RUN`.',
  'bake-inconclusive': 'Not every agent could run in time. It is not barred: drop it again later.',
  'operator-abort': 'An operator stopped it. It is not barred: drop it again when asked to.',
  'operator-rollback': 'An operator went back to another release.',
  'no-stable-release': 'Every agent is halted. Mend the runtime, then `airlock rollback --to`.',
  withdrawn: 'Its proposer took it back.',
  held: 'The run that dropped it was on a release that turned out bad: an operator decides.',
  lockdown: 'Deployments are locked: `airlock unlock` when it is over.',
  'current-moved': 'Somebody moved `current` by hand; the supervisor took note.',
  // runs
  'run-failed': 'Read `airlock trace RUN`.',
  'run-empty': 'A run that exits 0 must have made a model call or reported a turn.',
  'run-timeout': 'The run passed its wall-clock limit (policy limits.run.wall).',
  'out-of-memory': 'Use less, or ask an operator for more (policy limits.run.memory).',
  'too-many-processes': 'Start fewer at once, or ask for more (policy limits.run.processes).',
  'workspace-full': 'Delete what is not needed any more (policy limits.run.workspace).',
  'inbox-full': 'Drop what belongs together as one folder (policy limits.run.inbox).',
  'disk-reserve': 'Make room on the disk of ROOT: `airlock doctor` (policy host.reserve).',
  'host-lacks': 'Give the host what policy host.require names, or take it out of there.',
  'run-stopped': 'It was stopped on purpose.',
  'run-interrupted': 'The supervisor went away while it ran; it is no evidence.',
  'upstream-failed': 'The model provider failed; the release is not to blame.',
  'budget-exhausted': 'Raise the budget or wait for the next day.',
  halted: 'Lift the halt with `airlock resume` when it is safe.',
  unsafe: 'Mend each place that `airlock doctor` names, with its remedy (check `path`).',
  'no-user': 'Let the launcher make it, or as root: `airlock agent-user AGENT`.',
  'no-model': 'Give the policy a provider for this model name.',
  // the gateway
  'gateway-token': 'Send the token of this run: ANTHROPIC_API_KEY as the supervisor set it.',
  'gateway-route': 'See the contract, section 5, for what the gateway serves.',
  'gateway-place': 'This part of the gateway is not there yet; treat the answer as a no.',
  'gateway-request': 'Mend the request: every fault is named.',
  'gateway-too-large': 'Send less at once (policy limits.model.request, limits.mail.bytes).',
  'gateway-slow': 'Send the whole request without pauses.',
  'gateway-busy': 'Wait for the calls under way, then try again.',
  'gateway-reach':
    'An operator may list the tool among the tools of the agent in config/agents.yaml.',
  'gateway-script': 'Mend the runtime, or the model turns of the scenario, so that they agree.',
  'mail-limit': 'Send fewer or smaller messages (policy limits.mail).',
  'host-failed': 'Mend the host: see the cause, then `airlock doctor`.',
  'launcher-refused': 'Somebody asks for what no run may have: `airlock doctor`, then the journal.',
  'launcher-lost':
    'See why it went: `systemctl status airlock-launcher`; the run counts for nothing.',
  // host and operator
  'missing-bubblewrap': 'Install it: apt-get install bubblewrap',
  'missing-socat': 'Install it: apt-get install socat',
  'missing-setpriv': 'Install it: apt-get install util-linux',
  'missing-git': 'Install it: apt-get install git',
  'missing-sqlite': 'Install the packages again with the Node that runs this: .ci/install',
  'missing-npm': 'Install npm beside node, or put the dependencies into deps/ beforehand.',
  'policy-invalid':
    'Mend every fault named; `airlock policy check` judges it before it is in force.',
  'policy-declined':
    '`airlock policy diff` shows what is new; mend the file, then `airlock policy apply`.',
  'policy-missing': 'Name yours with --policy FILE, or write one: `airlock init`.',
  'already-running': 'Another supervisor holds this ROOT: `airlock status`.',
  'not-running': 'Start it: `airlock start`. An installed one: `systemctl start airlock`.',
  'no-answer': 'The daemon did not answer in time: `airlock doctor`.',
  'not-found': 'See the lists: `airlock proposals`, `releases`, `runs`, `incidents`.',
  'not-operator': 'Ask as root or as a member of the group airlock-operators.',
  'own-proposal': 'Another operator must read `airlock diff` and approve it.',
  'wrong-phase': 'See where it stands: `airlock status`.',
  'wrong-digest': 'Read `airlock diff` again: approve exactly what it shows.',
  usage: 'See `airlock --help`.',
  'corrupt-release':
    'The release differs from its manifest: `airlock verify` says which releases are intact.',
  'first-release-failed':
    'The runtime in the source folder does not pass: mend it, then start again.',
  'bad-request':
    'Ask with the `airlock` command, or write the file beside and rename it into place.',
  'journal-damaged':
    'Stop the daemon, keep the file, and put the newest good copy of it back: `airlock doctor`.',
  'schema-older': 'Start the daemon once: it upgrades the journal, after a backup copy.',
  'install-failed': 'Mend what the cause names, then say the same again: it goes on from there.',
  'package-damaged': 'Nothing was installed. Take the package again.',
  'upgrade-refused': 'The version that runs goes on. See what the new one says is wrong.',
  'upgrade-failed': 'The version before is back. See the cause, and `journalctl -u airlock`.',
  'backup-damaged': 'Nothing was changed. Take another backup: this one cannot be trusted.',
  'schema-newer': 'This journal was written by a newer Airlock: use that one.',
  internal: 'A fault of Airlock itself: please report it with `airlock log`.',
} as const satisfies Record<string, string>;

export type ReasonCode = keyof typeof hints;

/** Parts of a reason that the maker knows; the rest is null, and the hint follows the code. */
export type ReasonParts = Pick<Reason, 'message' | 'step'> & Partial<Omit<Reason, 'code'>>;

/** Compose a reason. */
export function reason(code: ReasonCode, parts: ReasonParts): Reason {
  const blank = { input: null, expected: null, actual: null, cause: null, hint: hints[code] };
  return { code, ...blank, ...parts };
}

/** An error that carries its reason up to whoever reports it. */
export class Failure extends Error {
  readonly reason: Reason;
  constructor(code: ReasonCode, parts: ReasonParts, cause?: unknown) {
    super(parts.message, { cause });
    this.name = 'Failure';
    this.reason = reason(code, { cause: cause === undefined ? null : innermost(cause), ...parts });
  }
}

/** The reason of any thrown value: a Failure's own, else `internal` with the innermost cause. */
export function reasonOf(error: unknown, step: string): Reason {
  if (error instanceof Failure) return error.reason;
  const message = systemWords(error instanceof Error ? error.message : String(error), error);
  const cause = innermost(error);
  const full = /\b(ENOSPC|EDQUOT)\b/.test(cause) ? { hint: makeRoom } : {};
  return reason('internal', { message, step, cause, ...full });
}

const makeRoom = 'The disk is full: make room on the disk of ROOT, then say it again.';

/** The text of the innermost cause, through `cause` chains and the members of aggregates. */
export function innermost(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < 32; depth++) {
    const inner = at instanceof AggregateError && at.errors.length > 0 ? at.errors[0] : undefined;
    const next = inner ?? (at instanceof Error ? at.cause : undefined);
    if (next === undefined || next === null) break;
    at = next;
  }
  return systemWords(at instanceof Error ? `${at.name}: ${at.message}` : String(at), at);
}
