/**
 * Keys in listings are asked for in URL encoding, since XML cannot carry every character that a key may have. A store that
 * does not know this option does not repeat it in its answer, and gives keys as they are.
 */
export function decodeKey(key: string, encoding: string | undefined): string {
  // AWS writes a space as a plus sign, and a plus sign as %2B.
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}

/** A key within the header that names the source of a copy. */
export function encodeCopySource(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}
