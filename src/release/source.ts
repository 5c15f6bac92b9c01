import { isAbsolute, join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import type { Artifact } from './artifact.ts';

/** One place where an artifact may be found. */
export type ArtifactSource =
  { readonly kind: 'http'; readonly url: URL } | { readonly kind: 'folder'; readonly file: string };

/** A mirror of the inventory, checked: a base URL or an absolute folder. */
export type Mirror = string;

/**
 * Where to look for an artifact, in order: the mirrors, then the makers' own addresses.
 * @throws E_MIRROR for a mirror that is neither an http(s) URL nor an absolute folder
 */
export function artifactSources(
  artifact: Artifact,
  mirrors: readonly Mirror[],
  onlyMirrors: boolean,
): ArtifactSource[] {
  const official = onlyMirrors ? [] : artifact.official;
  return [
    ...mirrors.map((mirror) => onMirror(mirror, artifact.path)),
    ...official.map((url): ArtifactSource => ({ kind: 'http', url: new URL(url) })),
  ];
}

/** For messages: the address without a password, or the file. */
export function describeSource(source: ArtifactSource): string {
  return source.kind === 'folder' ? source.file : withoutCredentials(source.url);
}

/** A URL as text, fit for messages. */
export function withoutCredentials(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = ''; // redirects to object stores carry signatures there
  return shown.href;
}

function onMirror(mirror: Mirror, path: string): ArtifactSource {
  if (isAbsolute(mirror)) return { kind: 'folder', file: join(mirror, path) };
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new BootstrapError('E_MIRROR', `"${mirror}" is neither an http(s) address nor an absolute folder`, {
      hint: 'Write artifacts.mirrors like https://mirror.example.com/kubernetes or /srv/mirror.',
    });
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return { kind: 'http', url };
}
