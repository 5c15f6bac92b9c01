/** One DER element: its tag byte and its content. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/**
 * The elements inside a constructed DER value. Only for DER that OpenSSL has already accepted: short tags and definite
 * lengths, which is all X.509 has.
 * @throws RangeError when a length points outside
 */
export function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  for (let offset = 0; offset < der.length;) {
    const tag = der.readUInt8(offset);
    const short = der.readUInt8(offset + 1);
    const lengthBytes = short & 0x80 ? short & 0x7f : 0;
    const length = lengthBytes === 0 ? short : der.readUIntBE(offset + 2, lengthBytes);
    const start = offset + 2 + lengthBytes;
    if (start + length > der.length) throw new RangeError('DER element longer than its surroundings');
    found.push({ tag, content: der.subarray(start, start + length) });
    offset = start + length;
  }
  return found;
}

/** The content of the only or first element. */
export const unwrap = (der: Buffer): Buffer => elements(der)[0]?.content ?? Buffer.alloc(0);

/** Content of an OBJECT IDENTIFIER as dotted text. */
export function oid(content: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = numbers;
  const arc = Math.min(Math.floor(first / 40), 2);
  return [arc, first - arc * 40, ...rest].join('.');
}
