import { paths } from '../../../kernel/host-paths.ts';
import { quote, sh } from '../../../kernel/quote.ts';
import { PATH_LINE } from '../../../probe/probe.ts';
import { command, describe } from '../../../resources/compile.ts';
import { firstLook } from '../../../resources/steps/before.ts';
import { FUNCTIONS, STATE } from '../../../resources/steps/functions.ts';
import type { Observed } from '../../../probe/observe.ts';
import { certificateId } from '../../../resources/certificate.ts';
import type { Content, Step } from '../../../resources/step.ts';
import type { HostWait, HostWork } from './course.ts';
import type { HostFiles } from './files.ts';
import { comment, slug, whatFor, whatIsDone } from './words.ts';

export const FUNCTIONS_FILE = 'functions.sh';

export interface ScriptOf {
  readonly host: string;
  readonly ip: string;
  /** Without a folder: `03-etcd.sh`. */
  readonly name: string;
  readonly title: string;
}

const head = ({ host, name, title }: ScriptOf): string[] => [
  '#!/bin/sh',
  ...comment(
    `${host}/${name}: ${title}.`,
    'Made by "k8s-bootstrap plan --script". ORDER.md says when it is run, as root.',
  ),
  'here=$(cd -- "$(dirname -- "$0")" && pwd -P)',
  `. "$here/${FUNCTIONS_FILE}"`,
];

/** What a host does in a step of the course, each change with what it is for. */
export async function workScript(
  of: ScriptOf,
  { phases }: HostWork,
  seen: Observed,
  files: HostFiles,
): Promise<string> {
  const lines = [...head(of), sh`this_host ${of.host} ${of.ip}`, 'take_locks'];
  for (const { phase, title, due } of phases) {
    lines.push('', ...comment(`======== ${phase}: ${title}`), sh`phase=${phase}`);
    for (const { resource, change } of due) {
      const steps = await resource.steps(change, seen);
      const why = whatFor(resource, phase);
      const done = files.mask(whatIsDone(resource, change));
      lines.push('', ...comment(`---- ${done}`), ...(why ? comment(why) : []));
      for (const step of steps) lines.push(...(await stepLines(step, of, files, resource.id)));
      if (steps.length === 0)
        lines.push(...comment('It is on the machine of k8s-bootstrap, and made already.'));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Waits until everything holds that has to before the next step of the course. */
export function waitScript(of: ScriptOf, { gates }: HostWait): string {
  const lines = [...head(of), sh`this_host ${of.host} ${of.ip}`];
  for (const { of: member, gate } of gates) {
    const units = gate.at === member ? gate.units : [];
    const { title, condition = 'true', timeoutSeconds } = gate;
    lines.push(
      '',
      ...comment(`---- ${title}${member === of.host ? '' : ` (${member})`}: within ${timeoutSeconds} s`),
      `holds() {\n${condition}\n}`,
      `wait_for ${[title, String(timeoutSeconds), ...units].map(quote).join(' ')}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** In a shell of its own, as its commands go elsewhere and may end it; then the script ends, too. */
async function stepLines(step: Step, { name }: ScriptOf, files: HostFiles, id: string): Promise<string[]> {
  const title = files.mask(describe(step));
  const content = contentOf(step);
  const read =
    content &&
    (await files.take(
      step.op === 'write' ? step.path : slug(title),
      content,
      id.startsWith(certificateId('')),
    ));
  const text = command(step, 'as a file');
  // A digest of what somebody may guess tells what it is.
  const secret = files.isSecret(text) || (content?.secret === true && text.includes(content.sha256));
  const shown = secret
    ? [
        ...comment('There is a secret in it.'),
        `. "$here"/${quote(files.takeCommand(`${name.replace(/\.sh$/, '')}-${slug(title)}.sh`, text))}`,
      ]
    : [text];
  return [
    sh`doing ${title}`,
    '(',
    ...shown,
    `) <&4${read === undefined ? '' : ` 3< "$here"/${quote(read)}`}`,
  ];
}

const contentOf = (step: Step): Content | undefined => {
  if (step.op === 'write') return step.content;
  return step.op === 'run' ? step.stdin : undefined;
};

/** What all scripts of a host begin with. The lock is that of a run: while one is at work nobody else is. */
export const functionsFile = (): string => `# Functions of the scripts beside it. They read this file first.
${PATH_LINE}
set -e
umask 077
exec 4< /dev/null
S=${STATE}
what=

# doing TITLE: says what comes, and where it has stopped if it does not go on.
doing() { what=$1; echo "$what"; }
locked=
trap 'code=$?; [ -z "$locked" ] || rm -f ${paths.lockOwner}; [ $code -eq 0 ] || echo "$0 stopped with code $code\${what:+ at: $what}" >&2' EXIT

# this_host NAME ADDRESS: not on another by mistake, and as root.
this_host() {
  [ "$(id -u)" -eq 0 ] || { echo 'this is done as root: sudo sh FILE' >&2; exit 77; }
  ip -o -4 addr show | grep -qF " $2/" || { echo "this is not $1: it has no address $2" >&2; exit 64; }
}

# Nobody else changes this host meanwhile: 8 is held by each step of k8s-bootstrap, 7 by each run.
take_locks() {
  mkdir -p $S/originals $S/revisions $S/tmp
  exec 8>> $S/busy
  flock -w 60 8 || { echo 'a step of a run is still working on this host' >&2; exit 75; }
  exec 7>> ${paths.lock}
  flock -n 7 || { echo "this host is being changed by $(head -n 1 ${paths.lockOwner})" >&2; exit 75; }
  locked=yes
  printf '%s since %s\\n' "$0, by hand" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > ${paths.lockOwner}
  first_look
}

# wait_for TITLE SECONDS [UNIT...]: until the function "holds" ends well; else says what the units have said.
wait_for() {
  doing "wait: $1"
  end=$(($(date +%s) + $2))
  until holds > /dev/null 2>&1; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "not within $2 s: $1" >&2
      shift 2
      for unit in "$@"; do journalctl -u "$unit" -n 15 --no-pager -o cat >&2 || :; done
      exit 1
    fi
    sleep 2
  done
}

# What was here before anything is changed for the first time: "k8s-bootstrap reset" goes by it.
first_look() {
${firstLook()}
}

${FUNCTIONS}
`;
