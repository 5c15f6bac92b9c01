import { type Piecewise, atOnce } from '../kernel/breather.ts';
import { detached } from '../kernel/detached.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { oncePer } from '../kernel/once-per.ts';
import { quote } from '../kernel/quote.ts';
import type {
  Answer,
  ApiAnswer,
  FileState,
  HttpAnswer,
  Observed,
  UnitState,
  Watch,
  WatchKind,
} from './observe.ts';
import * as answers from './probers/answers.ts';
import * as endpoints from './probers/endpoints.ts';
import * as files from './probers/files.ts';
import * as modules from './probers/modules.ts';
import * as objects from './probers/objects.ts';
import * as packages from './probers/packages.ts';
import * as sysctls from './probers/sysctls.ts';
import * as units from './probers/units.ts';

/**
 * All questions to one host as one POSIX sh script. It only reads; what it has to say is gathered in files of its own
 * in /run, where only root writes, and which it removes. Answers are framed by lines with the nonce, which is random per probe, so any bytes
 * survive between them.
 * @param address the host's own, for questions that are about it
 */
export const probeScript = (watches: readonly Watch[], nonce: string, address: string): string =>
  `N=${quote(nonce)}\nIP=${quote(address)}\n${asking(watches)}`;

/** Hosts of one kind are asked the same. */
const asking = oncePer((watches: readonly Watch[]): string => {
  const asked = group(watches);
  const background = [
    ...answers.background(asked.answer),
    ...endpoints.background(asked.endpoint),
    ...objects.background(asked.object),
  ];
  const inputs = asked.unit.map(({ inputs }) => inputs);
  const sections: [string, string][] = [
    ['units', units.script(asked.unit)],
    ...answers.sections(asked.answer),
    ['packages', packages.script(asked.package)],
    ['modules', modules.script(asked.module)],
    ['files', files.script(asked.file, inputs, sysctls.script(asked.sysctl))],
  ];
  const gathered = [...background.map(([name]) => name), 'end'].map((name) => `"$D.${name}"`);
  return [
    PATH_LINE,
    'umask 077',
    'D=/run/k8s-bootstrap.$N.$$',
    `trap 'rm -f -- "$D".*' EXIT`,
    // dash leaves without it when a signal ends it.
    `trap 'exit 129' HUP INT TERM PIPE`,
    ...background.map(([name, script]) => begun(name, script)),
    // Sent in one go: each line by itself would be a packet, and cost both ends more than what it says. The end is
    // written last, so that a full /run is not taken for a host without files.
    '{ :',
    ...sections.filter(([, script]) => script !== '').map(([name, script]) => `${opened(name)}\n${script}`),
    '} > "$D.foreground"',
    'wait',
    `printf '\n%s complete\n' "$N" > "$D.end"`,
    `cat -- "$D.foreground" $contents ${gathered.join(' ')}`,
    'trap - EXIT',
    'exec rm -f -- "$D".*',
  ].join('\n');
});

/** What the script of `probeScript` prints last, when it has come to its end. */
export const probeEnd = (nonce: string): Buffer => Buffer.from(`\n${nonce} complete\n`);

const opened = (name: string): string => `printf '\n%s begin ${name}\n' "$N"`;

/** A command that runs in the background; a simple one is a single process. */
const begun = (name: string, command: string): string =>
  `${opened(name)} > "$D.${name}"\n${command} >> "$D.${name}" 2>/dev/null 3<&- &`;

/** Set in every script: sudo's secure_path and a bare login have less. */
export const PATH_LINE = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The same as `readProbe`, in one piece. */
export const parseProbe = (watches: readonly Watch[], nonce: string, stdout: Buffer): Observed =>
  atOnce(readProbe(watches, nonce, stdout));

/**
 * What the script of `probeScript` printed, read back.
 * @throws E_PROBE when the output is not complete; E_CHANGING when a file was written meanwhile
 */
export function* readProbe(watches: readonly Watch[], nonce: string, stdout: Buffer): Piecewise<Observed> {
  const end = stdout.lastIndexOf(probeEnd(nonce));
  if (end < 0) {
    throw new BootstrapError('E_PROBE', 'the probe script did not run to its end on the host', {
      hint: 'Is /bin/sh a POSIX shell there, has /run space left, and does the login shell print nothing by itself?',
    });
  }
  const frames = framesOf(stdout.subarray(0, end), nonce);
  yield;
  const frame = (name: string): Buffer => frames.get(name) ?? Buffer.alloc(0);
  const asked = group(watches);
  const onDisk = frame('files');
  const lines = files.lines(onDisk);
  // Of what is kept nothing holds on to the answer that it was cut out of: there are as many as hosts.
  const found: Found = detached({
    clock: files.clock(onDisk),
    file: files.parse(asked.file, onDisk),
    unit: units.parse(asked.unit, frame('units'), files.unitFacts(onDisk)),
    package: packages.parse(asked.package, frame('packages')),
    sysctl: sysctls.parse(asked.sysctl, lines),
    sysctlAtBoot: sysctls.parseAtBoot(asked.sysctl, lines),
    module: modules.parse(asked.module, frame('modules')),
    answer: answers.parse(asked.answer, frame),
    endpoint: endpoints.parse(asked.endpoint, frame, nonce),
  });
  yield;
  return observed(nonce, found, yield* objects.parse(asked.object, frame, nonce));
}

/** What was seen, by what was asked. */
interface Found {
  readonly clock: number;
  readonly file: ReadonlyMap<string, FileState>;
  readonly unit: ReadonlyMap<string, UnitState>;
  readonly package: ReadonlyMap<string, string>;
  readonly sysctl: ReadonlyMap<string, string>;
  readonly sysctlAtBoot: ReturnType<typeof sysctls.parseAtBoot>;
  readonly module: ReadonlyMap<string, ReturnType<Observed['module']>>;
  readonly answer: ReadonlyMap<string, Answer>;
  readonly endpoint: ReadonlyMap<string, HttpAnswer>;
}

/** Apart from where it was read: what one of these functions sees, all of them keep. */
function observed(nonce: string, found: Found, object: ReadonlyMap<string, ApiAnswer>): Observed {
  return {
    nonce,
    clock: found.clock,
    file: (path) => found.file.get(path),
    unit: (name) => found.unit.get(name),
    package: (name) => found.package.get(name),
    sysctl: (key) => found.sysctl.get(key),
    sysctlAtBoot: (key) => found.sysctlAtBoot.get(key),
    module: (name) => found.module.get(name),
    answer: (key) => found.answer.get(key),
    object: (path) => object.get(path),
    endpoint: (url) => found.endpoint.get(url),
  };
}

/** Two probes of one host as one: what `later` asked wins, the rest is kept. */
export function merge(earlier: Observed, later: Observed): Observed {
  return {
    nonce: later.nonce,
    clock: earlier.clock,
    file: (path) => later.file(path) ?? earlier.file(path),
    unit: (name) => later.unit(name) ?? earlier.unit(name),
    package: (name) => later.package(name) ?? earlier.package(name),
    sysctl: (key) => later.sysctl(key) ?? earlier.sysctl(key),
    sysctlAtBoot: (key) => later.sysctlAtBoot(key) ?? earlier.sysctlAtBoot(key),
    module: (name) => later.module(name) ?? earlier.module(name),
    answer: (key) => later.answer(key) ?? earlier.answer(key),
    object: (path) => later.object(path) ?? earlier.object(path),
    endpoint: (url) => later.endpoint(url) ?? earlier.endpoint(url),
  };
}

/** Of two questions for one file the one that tells more counts. */
const READS = { digest: 0, hash: 1, secret: 2, content: 3 } as const;

/** Questions by their kind, each once. */
export type Grouped = { readonly [K in WatchKind]: readonly Extract<Watch, { kind: K }>[] };

/** Equal watches are asked once; of two for one file the one that reads more wins, a unit's inputs are joined. */
export const group = oncePer((watches: readonly Watch[]): Grouped => {
  const byKey = new Map<string, Watch>();
  for (const watch of watches) {
    const key = `${watch.kind}:${watch.key}`;
    const known = byKey.get(key);
    if (known?.kind === 'file' && watch.kind === 'file' && READS[known.read] > READS[watch.read]) continue;
    if (known?.kind === 'unit' && watch.kind === 'unit' && known.inputs.length > watch.inputs.length)
      continue;
    byKey.set(key, watch);
  }
  const of = <K extends WatchKind>(kind: K): Extract<Watch, { kind: K }>[] =>
    [...byKey.values()].filter((watch): watch is Extract<Watch, { kind: K }> => watch.kind === kind);
  return {
    file: of('file'),
    unit: of('unit'),
    package: of('package'),
    sysctl: of('sysctl'),
    module: of('module'),
    answer: of('answer'),
    object: of('object'),
    endpoint: of('endpoint'),
  };
});

/** What stands between the marks, by the name of its frame; of two with one name the first. */
function framesOf(data: Buffer, nonce: string): Map<string, Buffer> {
  const mark = Buffer.from(`\n${nonce} begin `);
  const frames = new Map<string, Buffer>();
  for (let at = data.indexOf(mark); at >= 0;) {
    const from = data.indexOf('\n', at + mark.length) + 1;
    if (from === 0) break;
    const name = data.toString('utf8', at + mark.length, from - 1);
    // The line break that ends the mark of an empty frame begins the next one.
    at = data.indexOf(mark, from - 1);
    if (!frames.has(name)) frames.set(name, data.subarray(from, at < 0 ? data.length : Math.max(from, at)));
  }
  return frames;
}
