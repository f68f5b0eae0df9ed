import { isClosed } from '../../host/files/closed.ts';
import { lookAt, readSmall } from '../../host/files/records.ts';
import { credential, secretFault, secretPath } from '../../host/secrets.ts';
import { numbered } from '../../model/numbered.ts';
import type { Upstream } from '../../model/policy.ts';
import { bad, type Finding, good, unseen, warn } from '../finding.ts';
import type { Ground } from '../ground.ts';

/** Every model name has a provider, and its key can be read by us alone. */
export function models(ground: Ground): Finding[] {
  const { policy } = ground.policy();
  const named = Object.entries(policy.models);
  const found = named.flatMap(([name, upstreams]) =>
    upstreams.flatMap((one) => judge(ground, name, one, upstreams.length === 1)),
  );
  return found.length > 0
    ? found
    : [good(`${numbered(named.length, 'model name')}, each with its key`)];
}

/** Root sees what systemd gave the service while it runs; nobody else can look. */
function notGiven(model: string, { keyFile }: { keyFile: string }): Finding {
  const name = keyFile.slice(credential.length);
  const where = `${name}:/etc/airlock/keys/${name}`;
  const remedy = `LoadCredential=${where} under [Service], by \`systemctl edit\`; then restart it.`;
  return bad(`the service was not given the key of the model ${model} (${keyFile})`, remedy);
}

function judge(ground: Ground, name: string, upstream: Upstream, only: boolean): Finding[] {
  if (upstream.provider === 'rehearsal') {
    const message = `the model ${name} is ${only ? '' : 'also '}answered by the rehearsal model`;
    const remedy = 'Development only: give it a provider with a key (policy models).';
    return [ground.hostInstall ? bad(message, remedy) : warn(message, remedy)];
  }
  const file = secretPath(upstream.keyFile, ground.policy().folder, ground.credentials);
  if (file === null) return [];
  const key = readSmall(file, 64 * 1024);
  if (upstream.keyFile.startsWith(credential) && key.kind !== 'file') {
    return key.kind === 'absent' && ground.daemon().running ? [notGiven(name, upstream)] : [];
  }
  const remedy = `Write the key into ${file}, for the supervisor alone: chmod 600.`;
  if (key.kind === 'unreadable' && ground.guest && isClosed(key.cause)) {
    return [unseen(`could not look: the key of the model ${name} is closed to you`)];
  }
  if (key.kind !== 'file') return [bad(`the key of the model ${name} cannot be read`, remedy)];
  if (key.content.toString().trim() === '') {
    return [bad(`the key file of the model ${name} is empty`, remedy)];
  }
  const stats = lookAt(file);
  const owner = lookAt(ground.layout.root)?.uid;
  const fault = stats === null ? null : secretFault(stats, upstream.keyFile, owner);
  if (fault === null) return [];
  const message = `the key of the model ${name} ${fault}`;
  const mend = `chown it to the supervisor and chmod 600 ${file}`;
  return [ground.hostInstall ? bad(message, mend) : warn(message, mend)];
}
