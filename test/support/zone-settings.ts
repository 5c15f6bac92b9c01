/** What `dbus-send --print-reply` prints of a zone's settings at run time, as firewalld 0.6 to 2 tell them. */
export function zoneSettings({
  ports = [],
  rules = [],
}: {
  readonly ports?: readonly string[];
  readonly rules?: readonly string[];
}): string {
  const text = (value: string): string => `string "${value}"`;
  const array = (items: readonly string[]): string =>
    `array [\n${items.map((item) => item.replaceAll(/^/gm, '   ') + '\n').join('')}]`;
  const pair = (port: string): string => {
    const [number = '', protocol = ''] = port.split('/');
    return `struct {\n   ${text(number)}\n   ${text(protocol)}\n}`;
  };
  const forwarded = `struct {\n   ${['80', 'tcp', '8080', ''].map(text).join('\n   ')}\n}`;
  const fields = [
    text(''),
    text('Public'),
    text('For use in public areas, array [ of trust.'),
    'boolean false',
    text('default'),
    array([text('ssh'), text('dhcpv6-client')]),
    array(ports.map(pair)),
    array([]),
    'boolean false',
    array([forwarded]),
    array([text('eth0')]),
    array([text('192.0.2.0/24')]),
    array(rules.map(text)),
    array([text('gre')]),
    array([pair('5353/udp')]),
    'boolean false',
  ];
  return [
    'method return time=1700000000.123456 sender=:1.5 -> destination=:1.20 serial=7 reply_serial=2',
    `   struct {\n${fields.map((field) => field.replaceAll(/^/gm, '      ')).join('\n')}\n   }`,
    '',
  ].join('\n');
}
