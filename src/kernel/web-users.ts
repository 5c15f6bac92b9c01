/**
 * What stands before the at-sign of a web address: a name, mostly with a password, or a token. Up to the last at-sign, as
 * people write into passwords what an address may not have; a quote that ends a word of JSON ends the address.
 */
const USER = /:\/\/(?:(?!"[,:}\]])\S){1,1024}@/g;

/** Web addresses of a text without who is let in by them: `http://***@proxy:3128`. */
export const withoutWebUsers = (text: string): string => text.replaceAll(USER, '://***@');
