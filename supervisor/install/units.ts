import { type HostPlace, operators, user } from './place.ts';

/*
 * The unit files (docs/decisions/18): what each may do, and why a directive is left out. One text
 * for the services without a name and for the templates of instances, where %i is the name.
 */

/** What both services bear. */
const hardening = `
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM`;

/** Names that differ with the instance. */
function names(instance: boolean) {
  const [of, dash] = instance ? ['@%i', '-%i'] : ['', ''];
  return {
    launcher: `airlock-launcher${of}.service`,
    fallback: instance ? 'airlock-fallback@%i.service' : 'airlock-fallback.service',
    folder: `airlock${dash}`,
    root: `/var/lib/airlock${dash}`,
    run: `/run/airlock${dash}`,
    policy: instance ? '/etc/airlock/%i.yaml' : '/etc/airlock/airlock.yaml',
    which: instance ? ' %i' : '',
    option: instance ? ' --instance %i' : '',
  };
}

const program = '/usr/lib/airlock/current/bin/airlock';

/** The supervisor: parses what agents write, and holds nothing that makes a process root. */
export function supervisorUnit(instance: boolean): string {
  const at = names(instance);
  return `# Airlock's supervisor (airlock install). Checked by test/install/units.test.ts.
[Unit]
Description=Airlock${at.which}: blue/green runtime supervisor for hosts that run AI agents
Documentation=man:airlock(1)
# Not Requires=: a launcher that dies is back in a second and is waited for; the supervisor would be
# stopped and started with it, and that counts as one of its starts.
Wants=${at.launcher} network-online.target
After=${at.launcher} network-online.target
# Five failed starts in five minutes: stop trying, somebody must look.
StartLimitIntervalSec=300
StartLimitBurst=5
# After an upgrade: back to the version before.
OnFailure=${at.fallback}

[Service]
Type=notify
# READY and the watchdog are told by a systemd-notify process: Node has no unix datagrams, and only
# root may speak as another. No run is in this unit: all is the supervisor's own processes.
NotifyAccess=all
ExecStart=${program} start${at.option}
Restart=on-failure
RestartSec=1s
# 2: a missing or faulty policy, or a host that lacks what policy requires. Starting again would
# not mend it.
RestartPreventExitStatus=2
# Fed by turns of the loop that came to their end: a loop that decides nothing is dead.
WatchdogSec=60s
# The first release is built, installed and rehearsed before READY.
TimeoutStartSec=10min
# policy limits.drain, and a little more.
TimeoutStopSec=60s
# SIGTERM to the daemon alone: it tells its runs itself, and its systemd-notify must live.
KillMode=mixed
User=${user}
Group=${user}
SupplementaryGroups=${operators}
StateDirectory=${at.folder}
StateDirectoryMode=0755
# Releases and receipts are read by agents; state is closed by its folder.
UMask=0022
LimitNOFILE=65536
# What it holds in memory, keys are among it, is written nowhere when it crashes.
LimitCORE=0
# Keys of models, for keyFile: credential:NAME (systemd.exec(5), Credentials):
# LoadCredential=NAME:/etc/airlock/keys/NAME
Environment=NODE_ENV=production
# npm keeps its cache below HOME.
Environment=HOME=${at.root}/var/home
# The threads of Node's pool are idle mostly: an allocation arena for each costs 7 MB in all.
Environment=MALLOC_ARENA_MAX=1

# Files that agents own are read, handed over and removed. No more: no SYS_ADMIN, SETUID, KILL.
AmbientCapabilities=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
RestrictNamespaces=yes
ProtectControlGroups=yes
ProtectHostname=yes
PrivateMounts=yes
ProcSubset=all
# Its own processes, and nobody else's: whether a run has ended, the launcher tells.
ProtectProc=invisible
# @pkey: Node's JIT.
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@resources
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6${hardening}

# Left out, and why:
# MemoryDenyWriteExecute=yes  crashes Node's JIT.
# PrivateNetwork, IPAddressDeny  the gateway reaches providers, whose addresses change.
# PrivateUsers=yes            agents' files belong to the host's users.
# ProcSubset=pid              free memory and the boot id are read from /proc.
# RootDirectory               releases, policy and program are where the contract says.

[Install]
WantedBy=multi-user.target
`;
}

/** The launcher: starts runs, and does nothing else. */
export function launcherUnit(instance: boolean): string {
  const at = names(instance);
  return `# Airlock's launcher (airlock install). Checked by test/install/units.test.ts.
[Unit]
Description=Airlock${at.which}: launcher of runs
Documentation=man:airlock(1)
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
# Its systemd-notify speaks as its parent; nothing else in this unit, runs are, has a say.
NotifyAccess=main
ExecStart=${program} launcher${at.option} --socket ${at.run}/launcher.sock
# systemd gives the socket to the supervisor: the launcher itself may give nothing away.
ExecStartPost=+/usr/bin/chown -h ${user}:${user} ${at.run}/launcher.sock
Restart=always
RestartSec=200ms
RestartPreventExitStatus=2
# Fed by jobs that it did at its own door. One that hangs can do nothing more: at once.
WatchdogSec=30s
WatchdogSignal=SIGKILL
TimeoutStopSec=20s
# Runs are in its own groups: they are killed with it at once, whatever they did to detach.
KillMode=mixed
Delegate=yes
RuntimeDirectory=${at.folder}
RuntimeDirectoryMode=0755
ReadWritePaths=${at.root}
UMask=0077
LimitNOFILE=65536
Environment=NODE_ENV=production
Environment=MALLOC_ARENA_MAX=1

# bubblewrap mounts and brings up loopback, setpriv becomes an agent's user; folders of agents are
# measured, and what their tries made is removed. No CAP_KILL: runs are ended by their groups and
# their first process, root's. No CAP_CHOWN.
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_NET_ADMIN CAP_SETUID CAP_SETGID CAP_SETPCAP
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER
# No user namespaces, for it and for every run.
RestrictNamespaces=cgroup ipc mnt net pid uts
PrivateMounts=yes
# The launcher itself talks to nobody; a run has a network of its own with nothing in it.
PrivateNetwork=yes
IPAddressDeny=any
IPAddressAllow=localhost
# A run's first process is root's and is seen; nobody else's need be.
ProtectProc=invisible
# @mount, pivot_root, sethostname, unshare: bubblewrap. @pkey: Node's JIT.
SystemCallFilter=@system-service @pkey @mount pivot_root sethostname unshare setns
# AF_INET: runs speak to their gateway over loopback. AF_NETLINK: bubblewrap brings it up.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK${hardening}

# Left out, and why:
# User=                       mounts and other users' ids are root's; it reads nothing of agents.
# MemoryDenyWriteExecute=yes  crashes Node's JIT, in runs too.
# ProtectHostname=yes         a run has a host name of its own.
# ProtectControlGroups=yes    runs get cgroups of their own.
# ProcSubset=pid              bubblewrap reads /proc/sys/kernel.
# SystemCallFilter=~@resources  runs may set their own priorities lower, as programs do.
# PrivateUsers=yes            runs are users of the host.
# RootDirectory               runs see the host's /usr.

[Install]
WantedBy=multi-user.target
`;
}

/** Unit files of a host, by name. Templates serve every instance. */
export function unitFiles({ instance }: Pick<HostPlace, 'instance'>): Record<string, string> {
  const of = instance === null ? '' : '@';
  const named = instance !== null;
  return {
    [`airlock${of}.service`]: supervisorUnit(named),
    [`airlock-launcher${of}.service`]: launcherUnit(named),
    [`airlock-fallback${of}.service`]: fallbackUnit(named),
    'airlock-user@.service': userUnit,
  };
}

/** Started when the supervisor could not be kept running: takes an upgrade back. */
export function fallbackUnit(instance: boolean): string {
  const at = names(instance);
  const unit = instance ? 'airlock@%i.service' : 'airlock.service';
  return `# Takes back an upgrade whose supervisor does not start (airlock install).
[Unit]
Description=Airlock${at.which}: back to the version before
Documentation=man:airlock(1)
# Before the first upgrade there is none.
ConditionPathExists=/usr/lib/airlock/previous/bin/airlock-fallback

[Service]
Type=oneshot
ExecStart=/usr/lib/airlock/previous/bin/airlock-fallback ${unit} ${at.root}
`;
}

/** Makes the user of one agent: the one thing that writes to /etc, and it does nothing else. */
const userUnit = `# Makes the user of an agent of Airlock (airlock install).
[Unit]
Description=Airlock: a user for the agent %i
Documentation=man:airlock(1)

[Service]
Type=oneshot
ExecStart=${program} agent-user %i
CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateDevices=yes
PrivateTmp=yes
# The stricter values close /etc.
ProtectSystem=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
`;
