import { cpSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnyHost, type Output, command, settings, tryOnHost } from '../lab.ts';
import { repositoryRoot } from '../product.ts';
import { filesBelow } from '../scene.ts';
import { type Step, looksLike, stepsOf } from './walkthrough.ts';

/** Pages and manifests of the course's exercises, a folder for each chapter. */
export const COURSE = join(repositoryRoot, 'docs/examples/course');

/** The cluster on which a student would type. */
export interface Ground {
  readonly kubeconfig: string;
  readonly inventory: string;
  /** Words of the pages and what stands for them here: nodes, addresses. Applied to manifests, too. */
  readonly instead?: Readonly<Record<string, string>>;
  /** The lab's hosts by the names of nodes, where they differ. */
  readonly hosts?: Readonly<Record<string, AnyHost>>;
}

/** The first page with worker 1 and worker 2 exchanged: what ran on docker runs on containerd, and the other way round. */
export const EXCHANGED = { w1: 'w2', w2: 'w1' };

const client = join(settings.cache, 'mirror/release/v1.16.3/bin/linux/amd64');

/** Types every command of a chapter's page, in a copy of its folder, and throws at the first that answers otherwise. */
export async function walk(chapter: string, ground: Ground): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), `k8s-bootstrap-course-${chapter}-`));
  const inTerms = await termsOf(ground);
  try {
    cpSync(join(COURSE, chapter), folder, { recursive: true });
    for (const file of filesBelow(folder).map((name) => join(folder, name))) {
      if (statSync(file).isFile()) writeFileSync(file, inTerms(readFileSync(file, 'utf8')));
    }
    const kubeconfig = join(folder, 'kubeconfig');
    copyFileSync(ground.kubeconfig, kubeconfig);
    const env = {
      PATH: [client, join(repositoryRoot, 'bin'), process.env['PATH']].join(delimiter),
      HOME: folder,
      KUBECONFIG: kubeconfig,
      K8S_BOOTSTRAP_INVENTORY: ground.inventory,
    };
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    const steps = stepsOf(page.replaceAll(/--timeout=\d+s/g, `--timeout=${SECONDS}s`));
    try {
      for (const step of steps) {
        await typed(step, ({ on, command: line }) => {
          if (on === 'controller') return command('bash', ['-c', `${AS_SHOWN}${line}`], { cwd: folder, env });
          const host = ground.hosts?.[on.host] ?? (on.host as AnyHost);
          return tryOnHost(host, `${AS_SHOWN}cd /root\n${line}`);
        });
      }
    } catch (error) {
      // What a page takes away at its end has to go, too, when it did not come to that.
      const rest = steps.filter(({ command: line }) => line.includes(' delete '));
      for (const { on, command: line } of rest) {
        if (on === 'controller')
          await command('bash', ['-c', `${line} --ignore-not-found --timeout=120s`], { cwd: folder, env });
      }
      throw new Error(`${chapter}: ${(error as Error).message}`, { cause: error });
    }
    return steps.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Errors among the rest, in the order in which a terminal has them. */
const AS_SHOWN = 'exec 2>&1\n';

/** A student's patience is for a machine of one's own; here many chapters go at once. */
const SECONDS = 240;

/** A command that only looks is typed again until it shows what it should; one that changes something, once. */
async function typed(step: Step, run: (step: Step) => Promise<Output>): Promise<void> {
  const deadline = performance.now() + SECONDS * 1000;
  for (;;) {
    const { code, stdout: answer } = await run(step);
    if (step.shown.length === 0 ? code === 0 : looksLike(answer, step.shown)) return;
    // A namespace has its service account a moment after it is there.
    const again = !CHANGES.test(step.command) || answer.includes('error looking up service account');
    if (!again || performance.now() > deadline) {
      throw new Error(
        `"${step.command}" ended with ${code} and said\n${answer}\nwhere the page shows\n${step.shown.join('\n')}`,
      );
    }
    await sleep(1000);
  }
}

const CHANGES =
  /^kubectl (?:apply|create|delete|scale|set|patch|annotate|label|expose|autoscale|run|rollout undo|config)\b|^helm (?:install|upgrade|rollback|uninstall)\b|\bip (?:netns add|link (?:add|set|del)|address add)|--data|-d @|-X |(?<![0-9&])>(?!&)|systemctl (?:start|stop)/;

/**
 * The pages name images as everybody knows them; the lab has them in a registry of its own, and nginx once. Its second
 * version is the same image by another name.
 */
async function termsOf({ instead = {} }: Ground): Promise<(text: string) => string> {
  const registry = `${settings.controller}:5000`;
  const accept = 'Accept: application/vnd.docker.distribution.manifest.v2+json';
  const url = `http://${registry}/v2/nginx/manifests/1.17`;
  const { stdout } = await command('curl', ['-sSI', '--noproxy', '*', '-H', accept, url]);
  const [, digest = ''] = /^docker-content-digest: (\S+)/im.exec(stdout) ?? [];
  const words = Object.keys(instead).map((word) => word.replaceAll('.', '\\.'));
  const named = words.length === 0 ? undefined : new RegExp(`\\b(?:${words.join('|')})\\b`, 'g');
  return (text) => {
    const other = named === undefined ? text : text.replaceAll(named, (word) => instead[word] ?? word);
    return other
      .replaceAll(/(?<![\w/])nginx:1\.18\b/g, `${registry}/nginx@${digest}`)
      .replaceAll(/(?<![\w/])(nginx|busybox):(?=\d)/g, `${registry}/$1:`);
  };
}
