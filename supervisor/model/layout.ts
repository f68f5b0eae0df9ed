/** Where everything of a ROOT is (contract, section 1): the single place that knows the names. */
export function layout(root: string) {
  const at = (...parts: string[]) => [root, ...parts].join('/');
  return {
    root,
    releases: at('releases'),
    release: (id: string) => at('releases', id),
    manifest: (id: string) => at('releases', id, 'release.json'),
    current: at('current'),
    deps: at('deps'),
    inboxes: at('inbox'),
    inbox: (agent: string) => at('inbox', agent),
    receipts: (agent: string) => at('receipts', agent),
    workspaces: at('workspaces'),
    workspace: (agent: string) => at('workspaces', agent),
    state: at('var', 'state'),
    journal: at('var', 'state', 'journal.db'),
    /** The last entry and its hash, as told at the last tick. */
    journalHead: at('var', 'state', 'journal-head.json'),
    writerLock: at('var', 'state', 'writer.lock'),
    /** Who runs: pid and start time of the daemon, so that a reader need not take the lock. */
    daemon: at('var', 'state', 'daemon.json'),
    history: at('var', 'state', 'history'),
    /** Every version of the policy that was valid, by the digest of its bytes. */
    policies: at('var', 'state', 'policies'),
    /** Digest of the version in force, for when the journal cannot tell. */
    policyInForce: at('var', 'state', 'policies', 'in-force'),
    policyVersion: (digest: string) => at('var', 'state', 'policies', `${digest}.yaml`),
    /** What agents.yaml of some releases says, as JSON, by the digest of its bytes. */
    parsed: at('var', 'state', 'parsed'),
    traces: at('var', 'state', 'traces'),
    trace: (run: string) => at('var', 'state', 'traces', `${run}.jsonl`),
    intake: at('var', 'intake'),
    sealed: (proposal: string) => at('var', 'intake', proposal),
    control: at('var', 'control'),
    switches: at('var', 'switches'),
    staging: at('var', 'staging'),
    incidents: at('var', 'incidents'),
    /** Room that is kept for state on a full disk (policy host.reserve). */
    reserve: at('var', 'reserve'),
    /** Sockets and temporary folders of runs: removed when a run ends, swept at start. */
    runs: at('var', 'runs'),
  };
}

export type Layout = ReturnType<typeof layout>;
