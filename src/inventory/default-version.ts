/** The version of Kubernetes where an inventory names none: the one with the fewest known weaknesses. */
export const DEFAULT_VERSION = 'v1.16.15';
