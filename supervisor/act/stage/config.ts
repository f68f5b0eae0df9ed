import { isMap, isPair, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { readText } from '../../host/files.ts';
import type { Finding } from '../../model/proposal.ts';
import { type Reason, reason } from '../../model/reason.ts';
import { agentsFileSchema, type RuntimeConfig } from '../../model/runtime.ts';

const agentsFile = 'config/agents.yaml';

/** The agents of a release, or all faults of `config/agents.yaml` at once, with their lines. */
export function readRuntimeConfig(release: string): RuntimeConfig {
  const text = readText(`${release}/${agentsFile}`);
  if (text === null) return { agents: null, faults: [fault('There is no such file', agentsFile)] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true });
  if (document.errors.length > 0) return { agents: null, faults: yamlFaults(text) };
  const value = unfolded(() => document.toJS({ maxAliasCount: 100 }));
  if ('cause' in value) return { agents: null, faults: [fault(value.cause, agentsFile)] };
  const parsed = agentsFileSchema.safeParse(value.value);
  if (parsed.success) return { agents: parsed.data.agents, faults: [] };
  const faults = parsed.error.issues.map((issue) => {
    const at = lineOf(document.contents, issue.path, lines);
    const where = issue.path.map(String).join('.');
    return fault(where === '' ? issue.message : `${where}: ${issue.message}`, agentsFile, at);
  });
  return { agents: null, faults };
}

/**
 * Every configuration file that does not parse: .yaml, .yml and .json under config/, and the
 * manifest and lock file. `paths`: all files of the release.
 */
export function parseEveryConfig(release: string, paths: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  for (const path of paths) {
    const isConfig = path.startsWith('config/') && /\.(ya?ml|json)$/.test(path);
    if (!isConfig && path !== 'package.json' && path !== 'package-lock.json') continue;
    const text = readText(`${release}/${path}`) ?? '';
    const faults = path.endsWith('.json') ? jsonFaults(text, path) : yamlFaults(text, path);
    findings.push(...faults.map((one) => ({ subject: path, reason: one })));
  }
  return findings;
}

function yamlFaults(text: string, path: string = agentsFile): Reason[] {
  const document = parseDocument(text, { stringKeys: true });
  const faults = document.errors.map((error) => {
    const [first] = error.message.split('\n');
    return fault(first as string, path, error.linePos?.[0].line);
  });
  if (faults.length > 0) return faults;
  const value = unfolded(() => document.toJS({ maxAliasCount: 100 }));
  return 'cause' in value ? [fault(value.cause, path)] : [];
}

/** Aliases may unfold beyond all bounds, which is an error only then. */
function unfolded(make: () => unknown): { value: unknown } | { cause: string } {
  try {
    return { value: make() };
  } catch (error) {
    return { cause: error instanceof Error ? error.message : String(error) };
  }
}

function jsonFaults(text: string, path: string): Reason[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    if (error instanceof SyntaxError) return [fault(error.message, path)];
    throw error;
  }
}

/** The line of the deepest node that a path of keys leads to. */
function lineOf(
  contents: unknown,
  path: readonly PropertyKey[],
  lines: LineCounter,
): number | undefined {
  let node = contents as Node | null;
  let offset = node?.range?.[0];
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((one) => isPair(one) && String(one.key) === String(key));
      if (!pair) break;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = (node.items[Number(key)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function fault(message: string, path: string, line?: number): Reason {
  const input = line === undefined ? path : `${path}:${line}`;
  return reason('gate-config', { message, step: 'gate config', input });
}
