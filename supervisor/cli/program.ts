import { Command, CommanderError } from 'commander';
import type { Verb } from './call.ts';
import { groups, type VerbEntry } from './verbs.ts';

/** A command line that was understood. */
export interface Parsed {
  load: () => Promise<{ verb: Verb }>;
  args: string[];
  options: Record<string, string | boolean | undefined>;
}

/**
 * Parse a command line. null: it was help or the version, and `print` has it.
 * Throws commander's CommanderError for a line that is no use.
 */
export function parse(
  argv: readonly string[],
  about: { version: string; print: (text: string) => void },
): Parsed | null {
  let parsed: Parsed | null = null;
  const program = root(about);
  for (const { title, verbs } of groups) {
    for (const entry of verbs.filter(wanted(argv))) {
      add(parentOf(program, entry, title), entry, title, (args, options) => {
        parsed = { load: entry.load, args, options };
      });
    }
  }
  quiet(program, about.print);
  program.exitOverride((end) => {
    // No verb at all: an overview, and no fault.
    if (end.code !== 'commander.help') throw end;
    about.print(program.helpInformation());
    throw new CommanderError(0, 'commander.helpDisplayed', end.message);
  });
  program.parse([...argv], { from: 'user' });
  return parsed;
}

/**
 * The verbs that the line may mean: those that it names, or all where it names none. Making all of
 * them takes longer than a flip.
 */
function wanted(argv: readonly string[]): (entry: VerbEntry) => boolean {
  const first = ({ name }: VerbEntry) => name.split(' ', 1)[0] ?? name;
  const named = groups.some(({ verbs }) => verbs.some((one) => argv.includes(first(one))));
  return (entry) => !named || argv.includes(first(entry));
}

function root({ version }: { version: string }): Command {
  const program = new Command('airlock')
    .description('A blue/green runtime supervisor for hosts that run AI agents.')
    .option('--root <dir>', 'where releases and state are (else $AIRLOCK_ROOT)')
    .option('--policy <file>', 'the policy file')
    .option('--instance <name>', 'one of several on this host (else $AIRLOCK_INSTANCE)')
    .option('--json', 'one JSON document on stdout, and nothing else there')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'help, also for one verb')
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .addHelpText('after', '\nStart with `airlock status`; `airlock VERB --help` says more.');
  return program;
}

const subcommandTerm = (command: Command) =>
  [command.name(), ...command.registeredArguments.map((one) => wrapped(one))].join(' ');

const wrapped = (one: { name(): string; required: boolean }) =>
  one.required ? `<${one.name()}>` : `[${one.name()}]`;

/** `policy` of `policy check`, made once. */
function parentOf(program: Command, { name }: VerbEntry, title: string): Command {
  const [first = '', second] = name.split(' ');
  if (second === undefined) return program;
  const known = program.commands.find((one) => one.name() === first);
  if (known) return known;
  const verbs = groups.flatMap((group) => group.verbs);
  const below = verbs.filter((one) => one.name.startsWith(`${first} `));
  const names = below.map((one) => one.name.slice(first.length + 1)).join(', ');
  return program.command(first).description(names).helpGroup(`${title}:`);
}

type Act = (args: string[], options: Parsed['options']) => void;

function add(parent: Command, entry: VerbEntry, title: string, act: Act): void {
  const own = entry.name.split(' ').at(-1) ?? entry.name;
  const hidden = entry.hidden === true;
  const command = parent.command(`${own} ${entry.args}`.trim(), { hidden });
  command.description(entry.summary);
  if (!entry.name.includes(' ')) command.helpGroup(`${title}:`);
  for (const [flags, description] of entry.options) command.option(flags, description);
  for (const [flags, text] of entry.required ?? []) command.requiredOption(flags, text);
  if (entry.notes !== undefined) command.addHelpText('after', entry.notes);
  command.action(() => {
    act(
      command.processedArgs.filter((one) => one !== undefined),
      command.optsWithGlobals(),
    );
  });
}

/** Nothing is printed or ended behind our back, in any subcommand. */
function quiet(command: Command, print: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeOut: print, writeErr: () => undefined });
  command.configureHelp({ showGlobalOptions: true, subcommandTerm });
  for (const below of command.commands) quiet(below, print);
}
