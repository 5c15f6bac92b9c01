import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { parseCidr } from '../../kernel/cidr.ts';
import { envText, secret, type Surroundings } from './fields.ts';

/** Registries, what stands in for them, and images, as runtimes read them. */

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const REGISTRY = new RegExp(`^${LABEL}(?:\\.${LABEL})*(?::\\d{1,5})?$`);
/** https://github.com/distribution/reference/blob/v0.5.0/reference.go: path, tag, digest; the registry apart. */
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const IMAGE = new RegExp(
  `^(?:${REGISTRY.source.slice(1, -1)}/)?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

const isRegistry = (text: string): boolean =>
  REGISTRY.test(text) && (!/^[\d.]+(?::|$)/.test(text) || isIPv4(text.replace(/:\d+$/, '')));

/**
 * A registry as runtimes name it: `host` or `host:port`. With http:// before it everybody knows which one is meant; a
 * path is part of an image's name and no registry has one.
 */
export const registry = () =>
  z.string().transform((text, context) => {
    const bare = text.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
    if (isRegistry(bare) || isRange(bare)) return bare;
    return refuse(context, `"${text}" is not a registry like host or host:port`, hostOf(bare));
  });

/** The same where no scheme can be meant: a key stands there as it is. */
export const registryName = () =>
  z.string().superRefine((text, context) => {
    if (text === '*' || isRegistry(text)) return;
    refuse(context, `"${text}" is not a registry like host or host:port${instead(hostOf(text))}`, undefined);
  });

/** Who the nodes are to registries that ask for it. */
export const registryLogins = (surroundings: Surroundings) =>
  z.record(
    registryName().refine((text) => text !== '*', { error: 'a login is for one registry' }),
    z.strictObject({
      username: envText(surroundings)
        .refine((name) => !name.includes(':'), {
          error: 'no name of a user holds a colon (RFC 7617)',
        })
        .describe('Who logs in'),
      password: secret(surroundings).describe('Best as ${env:NAME}'),
    }),
  );

/** Registries in a range of addresses, which docker knows. */
export function isRange(text: string): boolean {
  if (!/^[\d.]+\/\d+$/.test(text)) return false;
  try {
    parseCidr(text);
    return true;
  } catch {
    return false;
  }
}

/** Where a mirror of a registry answers. Its value may hold a password and is not told then. */
export const registryEndpoint = (surroundings: Surroundings) =>
  envText(surroundings).transform((text, context) => {
    const bare = text.replace(/\/+$/, '');
    const url = URL.canParse(bare) ? new URL(bare) : undefined;
    if (url && /^https?:\/\/[^/]/i.test(bare) && url.search === '' && url.hash === '') return bare;
    const host = hostOf(bare);
    const fixed =
      host !== undefined && !bare.includes('@') ? `https://${bare.replace(SCHEME, '')}` : undefined;
    return refuse(
      context,
      url && /^https?:/i.test(bare)
        ? 'must be a web address without ? and #'
        : 'must be a web address that begins with http:// or https://',
      fixed?.replace(/[?#].*$/, ''),
    );
  });

/** The name of an image: `registry.example.com:5000/pause:3.1`, which runtimes read without a scheme. */
export const imageName = (text: z.ZodType<string, string> = z.string()) =>
  text.superRefine((name, context) => {
    if (IMAGE.test(name)) return;
    refuse(context, `"${name}" is not the name of an image${instead(likelyImage(name))}`, undefined);
  });

export const isImageName = (name: string): boolean => IMAGE.test(name);

function likelyImage(name: string): string | undefined {
  const bare = name.replace(SCHEME, '').replace(/\/+$/, '');
  const likely = [bare, bare.toLowerCase()].find((one) => IMAGE.test(one));
  return likely === name ? undefined : likely;
}

function hostOf(text: string): string | undefined {
  const host = text.replace(SCHEME, '').replace(/[/?#].*$/, '');
  return isRegistry(host) ? host : undefined;
}

const instead = (fixed: string | undefined): string => (fixed === undefined ? '' : `; write ${fixed}`);

function refuse(context: z.RefinementCtx, message: string, fixed: string | undefined): never {
  context.addIssue({
    code: 'custom',
    message,
    ...(fixed !== undefined && { params: { hint: `Write ${fixed}.` } }),
  });
  return z.NEVER;
}
