import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../tools/docs/source-files.ts';
import { anchors, pages, prose } from './pages.ts';

/** What is wrong with a relative link, or null. */
function faultOf(from: string, link: string): string | null {
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? from : path.posix.join(path.posix.dirname(from), decodeURIComponent(target));
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) return `${link}: there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md') || statSync(absolute).isDirectory()) return null;
  return anchors(readFileSync(absolute, 'utf8')).has(anchor) ? null : `${link}: ${file} has no heading #${anchor}`;
}

describe('relative links lead somewhere', () => {
  for (const { path: file, text } of pages()) {
    test(file, () => {
      const links = [...prose(text).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, link = '']) => link);
      const relative = links.filter((link) => !/^[a-z][a-z+.-]*:/i.test(link));
      expect(relative.map((link) => faultOf(file, link)).filter((fault) => fault !== null)).toEqual([]);
    });
  }
});
