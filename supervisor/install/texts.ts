/** A verb as its help, its completions and its page in the manual know it. */
export interface VerbText {
  /** `policy check`: two words for one below another. */
  name: string;
  args: string;
  summary: string;
  options: readonly (readonly [flags: string, description: string])[];
  /** Options that must be given. */
  required?: VerbText['options'];
}

/** Every option of a verb, those that must be given first. */
const own = ({ options, required = [] }: Pick<VerbText, 'options' | 'required'>) => [
  ...required,
  ...options,
];

/** Options of every verb. */
export const everywhere: VerbText['options'] = [
  ['--root <dir>', 'where releases and state are (else $AIRLOCK_ROOT)'],
  ['--policy <file>', 'the policy file'],
  ['--instance <name>', 'one of several on this host (else $AIRLOCK_INSTANCE)'],
  ['--json', 'one JSON document on stdout, and nothing else there'],
  ['--version', 'print the version'],
  ['--help', 'help, also for one verb'],
];

/** `-x, --long <value>` as its long name, and whether a value follows. */
function optionOf(flags: string): { name: string; value: string | null } {
  const name = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
  return { name, value: /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? null };
}

const firstWords = (verbs: readonly VerbText[]) => [
  ...new Set(verbs.map(({ name }) => name.split(' ', 1)[0] as string)),
];

const below = (verbs: readonly VerbText[], first: string) =>
  verbs.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.split(' ')[1] as string] : []));

const optionsOf = (verbs: readonly VerbText[], first: string) => [
  ...new Set(
    [...verbs.filter(({ name }) => name.split(' ', 1)[0] === first), { options: everywhere }]
      .flatMap(own)
      .map(([flags]) => optionOf(flags).name),
  ),
];

/** Completion for bash: verbs, the words below them, options; files where a path may follow. */
export function bashCompletion(verbs: readonly VerbText[]): string {
  const cases = firstWords(verbs).map((first) => {
    const words = [...below(verbs, first), ...optionsOf(verbs, first)].join(' ');
    return `    ${first}) words='${words}' ;;`;
  });
  const top = [...firstWords(verbs), ...everywhere.map(([flags]) => optionOf(flags).name)];
  return `# Completion of airlock(1) for bash; made from the command's own table of verbs.
_airlock() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb= words= at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      --root | --policy | --instance) ((at++)) ;;
      -*) ;;
      *) verb=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $verb in
    '') words='${top.join(' ')}' ;;
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [ "\${#COMPREPLY[@]}" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _airlock airlock
`;
}

const zshQuoted = (text: string) => text.replace(/'/g, "'\\''").replace(/([[\]:])/g, '\\$1');

/** Completion for zsh. */
export function zshCompletion(verbs: readonly VerbText[]): string {
  const summaries = firstWords(verbs).map((first) => {
    const whole = verbs.find(({ name }) => name === first);
    return `    '${first}:${zshQuoted(whole?.summary ?? below(verbs, first).join(', '))}'`;
  });
  const cases = firstWords(verbs).map((first) => {
    const words = [...below(verbs, first), ...optionsOf(verbs, first)].join(' ');
    return `    ${first}) compadd -- ${words} ;;`;
  });
  return `#compdef airlock
# Completion of airlock(1) for zsh; made from the command's own table of verbs.
_airlock() {
  local -a verbs=(
${summaries.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  _files
}
_airlock "$@"
`;
}

const fishQuoted = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;

/** Completion for fish. */
export function fishCompletion(verbs: readonly VerbText[]): string {
  const line = (...words: string[]) => `complete -c airlock ${words.join(' ')}`;
  const options = (list: VerbText['options'], when: string) =>
    list.map(([flags, text]) => {
      const { name, value } = optionOf(flags);
      const takes = value === null ? '' : '-r';
      return line(when, `-l ${name.slice(2)}`, takes, `-d ${fishQuoted(text)}`);
    });
  const lines = firstWords(verbs).flatMap((first) => {
    const when = `-n '__fish_seen_subcommand_from ${first}'`;
    const mine = verbs.filter(({ name }) => name.split(' ', 1)[0] === first);
    const whole = mine.find(({ name }) => name === first);
    const summary = fishQuoted(whole?.summary ?? below(verbs, first).join(', '));
    return [
      line('-n __fish_use_subcommand', `-a ${first}`, `-d ${summary}`),
      ...below(verbs, first).map((word) => line(when, `-a ${word}`)),
      ...mine.flatMap((verb) => options(own(verb), when)),
    ];
  });
  const head = "# Completion of airlock(1) for fish; made from the command's own table of verbs.";
  return `${[head, ...options(everywhere, ''), ...lines].join('\n')}\n`;
}

const roff = (text: string) =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1');

/** The page of the manual. */
export function manualPage(verbs: readonly VerbText[], version: string): string {
  const tagged = (tag: string, text: string) => `.TP\n.B ${roff(tag)}\n${roff(text)}`;
  const option = ([flags, text]: VerbText['options'][number]) => tagged(flags, text);
  const verb = (one: VerbText) =>
    [
      `.SS ${roff(`${one.name} ${one.args}`.trim())}`,
      roff(one.summary),
      ...own(one).map(option),
    ].join('\n');
  const exits = [
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'usage'],
    ['3', 'refused: a proposal, a request'],
    ['4', 'of propose --wait: rolled back or aborted'],
    ['5', 'needs the daemon, and it is not running'],
    ['75', 'timed out'],
  ] as const;
  return `.TH AIRLOCK 1 "" "airlock ${roff(version)}" "Airlock"
.SH NAME
airlock \\- a blue/green runtime supervisor for hosts that run AI agents
.SH SYNOPSIS
.B airlock
.I verb
.RI [ options ]
.SH DESCRIPTION
Agents drop proposals to change the runtime that they run on. Airlock builds each into a new
immutable release, rehearses it, lets one agent live on it, and only then flips one symlink. What
goes wrong while it is watched is flipped back within one tick.
.SH OPTIONS
${everywhere.map(option).join('\n')}
.SH VERBS
${verbs.map(verb).join('\n')}
.SH EXIT STATUS
${exits.map(([code, text]) => tagged(code, text)).join('\n')}
.SH FILES
${tagged('/etc/airlock/airlock.yaml', 'the policy; of an instance: /etc/airlock/NAME.yaml')}
${tagged('/var/lib/airlock', 'releases and state; of an instance: /var/lib/airlock-NAME')}
${tagged('/usr/lib/airlock', 'the program, a folder a version')}
.SH WITHOUT AIRLOCK
To go back to a release, in the root folder:
.PP
.nf
ln \\-s releases/ID .next && mv \\-T .next current
.fi
.PP
To halt everything:
.PP
.nf
touch var/switches/host
.fi
`;
}
