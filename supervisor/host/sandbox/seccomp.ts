/**
 * The kernel calls that no run may make, as a program for the kernel's filter (seccomp(2)). Pure:
 * bytes, runs nothing. bubblewrap installs it last, in every kind of run. What is refused answers
 * as on a host that does not allow it (EPERM) or does not have it (ENOSYS): programs go on.
 */

/** Calls by name: their numbers on x64 and arm64; null where there is no such call. */
const refused: Record<string, readonly [x64: number | null, arm64: number | null]> = {
  // namespaces and mounts: what walls are made of
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  setns: [308, 268],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  // other processes
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // the kernel's keys, programs and counters
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  // the host's clock, name, swap, modules, log
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  settimeofday: [164, 170],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  reboot: [169, 142],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  vhangup: [153, 58],
  iopl: [172, null],
  ioperm: [173, null],
  modify_ldt: [154, null],
  uselib: [134, null],
};

/** Calls that programs do without where a kernel lacks them; their arguments no filter can read. */
const unknown: Record<string, readonly [x64: number, arm64: number]> = {
  clone3: [435, 435],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
};

const machines = {
  x64: { at: 0, audit: 0xc000003e, clone: 56, unshare: 272, ioctl: 16 },
  arm64: { at: 1, audit: 0xc00000b7, clone: 220, unshare: 97, ioctl: 29 },
} as const;
export type Machine = keyof typeof machines;

/** Every CLONE_NEW... but the one that clone(2) cannot tell from a signal's number. */
const newNamespaces = 0x7e020000;
const newTime = 0x80;
/** ioctls that type into a terminal. */
const typing = [0x5412, 0x541c];
/** Numbers from here on are x64's calls with short pointers. */
const x32 = 0x40000000;

// struct seccomp_data, and the words of its programs.
const numberAt = 0;
const machineAt = 4;
const argumentAt = (index: number) => 16 + 8 * index;
const load = 0x20;
const same = 0x15;
const atLeast = 0x35;
const anyBit = 0x45;
const answer = 0x06;
const allow = 0x7fff0000;
const error = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

type Instruction = [code: number, yes: number, no: number, value: number];

/** The program for this machine; null for one that it was not written for. */
export function seccompProgram(machine: string): Buffer | null {
  const known = machines[machine as Machine];
  if (known === undefined) return null;
  const program = instructions(known);
  const bytes = Buffer.alloc(program.length * 8);
  for (const [at, [code, yes, no, value]] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(yes, at * 8 + 2);
    bytes.writeUInt8(no, at * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, at * 8 + 4);
  }
  return bytes;
}

function instructions(machine: (typeof machines)[Machine]): Instruction[] {
  const numbers = (calls: Record<string, readonly (number | null)[]>) =>
    Object.values(calls).flatMap((one) => one[machine.at] ?? []);
  const fail = (code: number): Instruction => [answer, 0, 0, error | code];
  const each = (values: number[], code: number): Instruction[] =>
    values.flatMap((value) => [[same, 0, 1, value], fail(code)] as Instruction[]);
  /** For one call alone: look at an argument, and go on with the next call's number. */
  const about = (call: number, argument: number, tests: Instruction[]): Instruction[] => [
    [same, 0, tests.length + 2, call],
    [load, 0, 0, argumentAt(argument)],
    ...tests,
    [load, 0, 0, numberAt],
  ];
  const masked = (bits: number): Instruction[] => [[anyBit, 0, 1, bits], fail(EPERM)];
  return [
    [load, 0, 0, machineAt],
    [same, 1, 0, machine.audit],
    fail(ENOSYS),
    [load, 0, 0, numberAt],
    [atLeast, 0, 1, x32],
    fail(ENOSYS),
    ...each(numbers(refused), EPERM),
    ...each(numbers(unknown), ENOSYS),
    ...about(machine.clone, 0, masked(newNamespaces)),
    ...about(machine.unshare, 0, masked(newNamespaces | newTime)),
    ...about(machine.ioctl, 1, each(typing, EPERM)),
    [answer, 0, 0, allow],
  ];
}
