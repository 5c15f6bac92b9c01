import { quote, sh } from '../kernel/quote.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import { type Change, type Resource, none } from './resource.ts';

export interface ImageTag {
  readonly runtime: 'docker' | 'containerd';
  /** The name that pods ask for. */
  readonly image: string;
  /** What is pulled in its stead. */
  readonly from: string;
  /** The registry of `from` has no certificate, or none that is known. */
  readonly insecure: boolean;
  /** Folder of docker's client with a login, where the registry of `from` asks who pulls. */
  readonly login: string | undefined;
}

/**
 * Images that a runtime has under names of other registries: pulled where they can be had, and given the name. Whether
 * a name is there is all that is asked: what it stands for is nobody's business but the registry's.
 */
export function imageTags(tags: readonly ImageTag[]): Resource[] {
  return tags.map((tag) => {
    const name = fullName(tag.image);
    return {
      id: `image:${tag.image}`,
      title: tag.image,
      watches: [imagesWatch(tag.runtime)],
      diff: (seen) => thereOr(seen, tag.runtime, [name], `from ${tag.from}`),
      steps: () => [
        { op: 'run', title: `pull ${tag.from} as ${tag.image}`, script: pull(tag, name), downloads: true },
      ],
    };
  });
}

/** Whether a runtime has all names (full ones), and else what brings them. */
export function thereOr(
  seen: Observed,
  runtime: ImageTag['runtime'],
  names: readonly string[],
  summary: string,
): Change {
  const { code = 1, output = '' } = seen.answer(KEY + runtime) ?? {};
  if (code !== 0) {
    return { kind: 'unknown', summary, waitsFor: `the answer of ${runtime}`, byItself: true };
  }
  const there = new Set(output.split('\n').map((line) => fullName(line.trim())));
  return names.every((name) => there.has(name)) ? none('there') : { kind: 'create', summary };
}

const KEY = 'images:';

/** Whether an answer is one to the question of `imagesWatch`. */
export const isImages = (key: string): boolean => key.startsWith(KEY);

/** Asks a runtime for the names of all its images. */
export const imagesWatch = (runtime: ImageTag['runtime']): Watch => ({
  kind: 'answer',
  key: KEY + runtime,
  slow: true,
  script: LISTS[runtime],
});

/** Both are asked on every host, as it is not known before which one it has; ctr waits ten seconds for one that is not there. */
const LISTS = {
  docker: `[ -S /var/run/docker.sock ] && timeout 20 docker images --format '{{.Repository}}:{{.Tag}}'`,
  containerd: '[ -S /run/containerd/containerd.sock ] && timeout 20 ctr -n k8s.io images ls -q',
} as const;

/** ctr knows nothing of the registries in config.toml: what is insecure there has to be said again. */
function pull({ runtime, image, from, insecure, login }: ImageTag, name: string): string {
  if (runtime === 'docker')
    return `docker ${login === undefined ? '' : sh`--config ${login} `}pull ${quote(from)} > /dev/null\n${sh`docker tag ${from} ${image}`}`;
  const source = quote(fullName(from));
  const ctr = 'ctr -n k8s.io images';
  const plain = insecure
    ? `${ctr} pull --skip-verify ${source} > /dev/null 2>&1 || ${ctr} pull --plain-http ${source} > /dev/null`
    : `${ctr} pull ${source} > /dev/null`;
  return `${plain}\n${ctr} tag --force ${source} ${quote(name)} > /dev/null`;
}

/**
 * A name as runtimes complete it: `busybox` is `docker.io/library/busybox:latest`.
 * https://github.com/distribution/reference/blob/v0.5.0/normalize.go
 */
export function fullName(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === 'localhost';
  const path = hasRegistry ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`;
  return /[:@][^/]*$/.test(path.slice(path.lastIndexOf('/'))) ? path : `${path}:latest`;
}

/** The registry that an image comes from: `quay.io`. */
export const registryOf = (image: string): string => fullName(image).split('/')[0] ?? '';
