import { own } from '../../kernel/mapping.ts';
import { isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod';
import { asBootstrapError } from '../../kernel/errors.ts';
import { parseCidr } from '../../kernel/cidr.ts';
import { Secret } from '../../kernel/secret.ts';

/** What the schema needs to know about the outside. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the inventory file: relative paths in it start there. */
  readonly folder: string;
  /** What `~/` stands for. */
  readonly home: string;
}

const ENV_REFERENCE = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** The NAME of a value that is written as `${env:NAME}`. */
export const envVariable = (text: string): string | undefined => ENV_REFERENCE.exec(text)?.[1];

/** An inventory may be a stranger's; the passphrase of the keys would be its hosts' with the first login. */
const OURS = 'K8S_BOOTSTRAP_';

/** Text in which `${env:NAME}`, as the whole value, is replaced by the environment variable NAME. */
export const envText = ({ env }: Surroundings) =>
  z
    .string()
    .min(1, { error: 'must not be empty' })
    .transform((text, context) => {
      const name = envVariable(text);
      if (name === undefined) return text;
      if (name.startsWith(OURS)) {
        context.addIssue({
          code: 'custom',
          message: `the environment variable ${name} is this program's own and goes into no inventory`,
          params: { hint: 'What stands here may be sent to a host. Use a variable of another name.' },
        });
        return z.NEVER;
      }
      const value = own(env, name);
      if (value !== undefined && value !== '') return value;
      context.addIssue({
        code: 'custom',
        message: `the environment variable ${name} is not set`,
        params: { hint: `Set it, as in ${name}=… k8s-bootstrap …, or write the value here.` },
      });
      return z.NEVER;
    });

/** Like {@link envText}, wrapped so that it never prints. */
export const secret = (surroundings: Surroundings) =>
  envText(surroundings).transform((value) => new Secret(value));

/** A path on this machine, made absolute. */
export const localPath = ({ folder, home }: Surroundings) =>
  z
    .string()
    .min(1, { error: 'must not be empty' })
    .superRefine(refuseScheme)
    .transform((path) => absolutePath(path, folder, home));

/** What begins like an address would be taken for a folder of that name. */
function refuseScheme(text: string, context: z.RefinementCtx): void {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(text) ?? [];
  if (scheme === '' || (!rest.startsWith('/') && rest !== '')) return;
  const path = /^\/\/(?:localhost)?(\/.*)$/.exec(rest)?.[1];
  context.addIssue({
    code: 'custom',
    message: `${scheme}: is no address that this program reads`,
    params: {
      hint:
        scheme.toLowerCase() === 'file'
          ? `Write the path itself${path === undefined ? '' : `: ${path}`}.`
          : 'Write a path on this machine, or where a web address may stand, one with http:// or https://.',
    },
  });
}

/** A name as it stands in certificates and URLs: without the dot for the root of all names. */
export const withoutRoot = (name: string): string => (/[^.]\.$/.test(name) ? name.slice(0, -1) : name);

export const absolutePath = (path: string, folder: string, home: string): string => {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
};

/** A web address, or a folder on this machine made absolute. */
export const urlOrFolder = (surroundings: Surroundings) =>
  envText(surroundings)
    .superRefine((value, context) => {
      if (!/^https?:\/\/[^/]/i.test(value)) refuseScheme(value, context);
    })
    .transform((value) =>
      /^https?:\/\//i.test(value)
        ? value.replace(/\/+$/, '')
        : absolutePath(value, surroundings.folder, surroundings.home),
    );

export const webAddress = (surroundings: Surroundings) =>
  envText(surroundings).refine((value) => /^https?:\/\/[^\s/]+/.test(value), {
    error: 'must begin with http:// or https://', // its value may hold a password
  });

/** `v1.16.3`; the v may be left out. */
export const version = () =>
  z
    .string()
    .regex(/^v?\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/, {
      error: (issue) => `"${String(issue.input)}" is not a version like v1.16.3`,
    })
    .transform((text) => (text.startsWith('v') ? text : `v${text}`));

/** An IPv4 range with no host bits set. */
export const cidr = () =>
  z.string().superRefine((text, context) => {
    if (text.includes(':')) {
      context.addIssue({ code: 'custom', message: `"${text}" is IPv6`, params: { hint: IPV6_HINT } });
      return;
    }
    try {
      parseCidr(text);
    } catch (thrown) {
      const { message, hint } = asBootstrapError(thrown);
      context.addIssue({ code: 'custom', message, params: { hint } });
    }
  });

/** Which one it is stands in `release/`. */
export const BY_RELEASE = 'default: the one that goes with the version of Kubernetes';

export const IPV6_HINT = 'Only IPv4 is supported: dual stack is alpha in Kubernetes 1.16.';

/** A folder on a host: absolute, plain, and of its own. */
export const hostFolder = () =>
  z.string().regex(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._@+:-]+)+$/, {
    error: (issue) =>
      `"${String(issue.input)}" is not a plain absolute path of a folder, like /data/containers`,
  });

export const port = () => z.int().min(1).max(65_535);

/** A value of a flag, label or sysctl: numbers and booleans become text. */
export const scalarText = () => z.union([z.string(), z.number(), z.boolean()]).transform(String);

const flagName = () =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: 'a flag is written without its dashes' });

/** Flags of a component by name; null takes away a flag that the profile sets. */
export const extraArgs = () =>
  z
    .record(flagName(), z.union([scalarText(), z.null()]))
    .describe('Flags without their dashes → value; null takes away one that the profile sets');
