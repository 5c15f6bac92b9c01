import { describe, expect, it } from 'vitest';
import { dnsName, ipAddress, subjectAltNames, subjectValue } from '../../../src/pki/subject-names.ts';

const badSan = expect.objectContaining({ code: 'E_CERT_SAN' }) as Error;
const badSubject = expect.objectContaining({ code: 'E_CERT_SUBJECT' }) as Error;

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:10', '2001:db8::10'],
    ['2001:0db8:0000:0000:0000:0000:0000:0010', '2001:db8::10'],
    ['::10.0.0.1', '::a00:1'],
  ])('%s is written as %s', (given, written) => {
    expect(ipAddress(given)).toBe(written);
  });

  it.each([
    '10.0.0.1abc',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.1\n',
    '01.2.3.4',
    '300.0.0.1',
    '10.0.0',
    '10.0.0.1/24',
    'g::1',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '00001::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '[::1]',
    '',
    'localhost',
  ])('refuses %j', (value) => {
    expect(() => ipAddress(value)).toThrow(badSan);
  });
});

describe('names', () => {
  it.each([
    ['m1', 'm1'],
    ['API.Example.com', 'api.example.com'],
    ['*.example.com', '*.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['10.0.0.1.nip.io', '10.0.0.1.nip.io'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('%s is written as %s', (given, written) => {
    expect(dnsName(given)).toBe(written);
  });

  it.each([
    '',
    'api.example.com\n',
    'api.example.com ',
    'a_b.example.com',
    '-a.example.com',
    'a-.example.com',
    'a..b',
    '.example.com',
    'example.com.',
    'a.*.example.com',
    '*',
    'api.example.com:6443',
    'https://api.example.com',
    'a@b.com',
    'a\0b',
    'bücher\n.example',
    'b%C3%BCcher.example',
    '10.0.0.1abc',
    '01.2.3.4',
    '300.0.0.1',
    '１０.0.0.1',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
  ])('refuses %j', (value) => {
    expect(() => dnsName(value)).toThrow(badSan);
  });

  it('says which value was wrong, showing what cannot be seen', () => {
    expect(() => dnsName('api.example.com\n')).toThrow('"api.example.com\\n" cannot go into a certificate');
  });
});

it('tells addresses from names, once each, in their order', () => {
  expect(subjectAltNames(['m2', '10.0.0.2', 'M2', 'm1', '::1', '0:0:0:0:0:0:0:1', '10.0.0.2'])).toEqual({
    dnsNames: ['m2', 'm1'],
    ips: ['10.0.0.2', '::1'],
  });
});

describe('subject values', () => {
  it.each(['system:node:m1', 'dev_user', 'a@b.com', 'José', '管理', 'x'.repeat(64)])('takes %j', (value) => {
    expect(subjectValue(value)).toBe(value);
  });

  it.each([
    '',
    ' ',
    'a ',
    'a\n',
    'a\0b',
    'a\u007fb',
    'a\u0085b',
    'a\u200bb',
    'a\u202eb',
    'a\u2028b',
    'a\ud800b',
    'x'.repeat(65),
    `system:node:${'n'.repeat(53)}`,
  ])('refuses %j', (value) => {
    expect(() => subjectValue(value)).toThrow(badSubject);
  });
});
