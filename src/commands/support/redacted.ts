import { type Secret, redactor } from '../../kernel/secret.ts';

/** What a value is called that is secret; a name that says where it is kept is none. */
const IS_SECRET = String.raw`(?=[\w.-]{0,100}(?:secret|token|pass(?:word|wd|phrase)|(?:api|access|private|encryption)[-_.]?key|(?:pass|credentials?|auth|key-data)(?![\w.-])))`;
const IS_NO_PLACE = String.raw`(?![\w.-]{0,100}(?:file|path|dir|url|mode|ttl)s?(?![\w.-]))`;

/** Name, what is between, and value: of an environment, a flag, YAML, or JSON that stands in JSON. */
const SETTING = new RegExp(
  [
    String.raw`(?<![\w.-])${IS_SECRET}${IS_NO_PLACE}`,
    // A word after another is its value only behind a flag.
    String.raw`([\w.-]{2,100}\\*["']?[ \t]*[:=][ \t]*|--[\w.-]{2,100}[ \t]+)`,
    String.raw`(?:(\\*["']).{0,4096}?\2|[^\s,;"'\\]+)`,
  ].join(''),
  'gi',
);

/**
 * What a secret looks like that this machine does not know: others' programs write to journals, too. Each is read in a
 * time that grows with the text and not with its square, for a host may send what it likes.
 */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    '*** a private key ***',
  ],
  [/(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, '***'],
  // Up to the last at-sign: a password may hold what an address may not.
  [/(:\/\/)[^\s/@:"']{1,256}:[^\s"']{0,1024}@/g, '$1***@'],
  [SETTING, '$1***'],
  [/\b(Bearer|Basic)[ \t]+[A-Za-z0-9+/=._~-]{8,}/gi, '$1 ***'],
];

/** Masks what is known to be secret, and what looks like it. */
export function redacted(secrets: Iterable<Secret>): (text: string) => string {
  const known = redactor(secrets);
  return (text) => LOOKS.reduce((masked, [look, mask]) => masked.replaceAll(look, mask), known(text));
}
