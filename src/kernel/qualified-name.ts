/** What Kubernetes allows as keys and values of labels, and as those of taints. */

const PART = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** RFC 1123 subdomain: the name of a node, the prefix of a key. */
export const SUBDOMAIN = new RegExp(`^${PART}(?:\\.${PART})*$`);

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** `name` or `prefix/name`; https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(slash, 0));
  return NAME.test(key.slice(slash + 1)) && (slash < 0 || (SUBDOMAIN.test(prefix) && prefix.length <= 253));
}

export const isLabelValue = (value: string): boolean => value === '' || NAME.test(value);
