import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOSTS, type HostName, onHost, onHosts } from './lab.ts';

/** Ends by itself, should nobody end it. */
const SECONDS = 600;

/** Looks at every process's arguments and environment, again and again, and keeps each line once. */
const SAMPLER = `#!/bin/sh
end=$(($(date +%s) + ${SECONDS}))
rounds=0
: > /run/k8sb-sample
while [ ! -e /run/k8sb-sample.stop ] && [ "$(date +%s)" -lt "$end" ]; do
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' |
    sort -u - /run/k8sb-sample > /run/k8sb-sample.new
  mv /run/k8sb-sample.new /run/k8sb-sample
  rounds=$((rounds + 1))
  echo "$rounds" > /run/k8sb-sample.rounds
  sleep 0.02
done
rm -f /run/k8sb-sample.stop
`;

/** Begins to look at the processes of all hosts. */
export async function startSampling(): Promise<void> {
  await onHosts(`umask 077; rm -f /run/k8sb-sample*
cat > /run/k8sb-sampler <<'END'
${SAMPLER}END
setsid nohup sh /run/k8sb-sampler < /dev/null > /dev/null 2>&1 &`);
}

export interface Sample {
  readonly rounds: number;
  readonly text: string;
}

/** Ends it; what every process was called with and had in its environment. */
export async function stopSampling(): Promise<Map<HostName, Sample>> {
  const found = new Map<HostName, Sample>();
  await Promise.all(
    HOSTS.map(async (host) => {
      const text = await onHost(
        host,
        `touch /run/k8sb-sample.stop
while [ -e /run/k8sb-sample.stop ]; do sleep 0.1; done
cat /run/k8sb-sample.rounds /run/k8sb-sample
rm -f /run/k8sb-sample*`,
      );
      const [rounds = '', ...lines] = text.split('\n');
      found.set(host, { rounds: Number(rounds), text: lines.join('\n') });
    }),
  );
  return found;
}

/** Looks at the arguments of a process here and of all that it starts, until it has ended. */
export async function sampleTree(pid: number, into: Set<string>): Promise<void> {
  while (look(pid, into)) await sleep(5);
}

function look(pid: number, into: Set<string>): boolean {
  try {
    into.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    for (const child of children.split(' ')) if (child !== '') look(Number(child), into);
    return true;
  } catch {
    return false; // it has ended
  }
}
