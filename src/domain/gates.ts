import { KonvergeError } from './error.ts';

/** As Kueue checks it: a domain, a slash and a name, 63 characters at most. */
const gate = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\-._~!$&'()*+;=:/@]+$/;
const maxLength = 63;

/**
 * Admission gates of Kueue: while a step has one it is not queued. Whoever a gate is named after takes it away. From words
 * between commas or spaces, or from a list. Throws `resource-invalid`.
 */
export function parseGates(gates: string | readonly string[], where: string): readonly string[] {
  const names = typeof gates === 'string' ? gates.split(/[\s,]+/).filter((name) => name !== '') : gates;
  for (const name of names) {
    if (name.length <= maxLength && gate.test(name)) continue;
    throw new KonvergeError(
      'resource-invalid',
      `${where}: ${JSON.stringify(name)} is not the name of a gate, such as example.com/budget (${maxLength} characters at most)`,
    );
  }
  return [...new Set(names)];
}
