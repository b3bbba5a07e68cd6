import path from 'node:path';
import { type SourceFile, sourceFiles } from '../../tools/docs/source-files.ts';

/** Every page of the repository that is written for people. */
export function pages(): SourceFile[] {
  return sourceFiles('.', (file) => file.endsWith('.md'));
}

export function page(file: string): string {
  const found = sourceFiles(path.dirname(file), (candidate) => candidate === file)[0];
  if (found === undefined) throw new Error(`there is no ${file}`);
  return found.text;
}

/** Without code blocks: what looks like a link or a heading in them is none. */
export function prose(text: string): string {
  return text.replaceAll(/^(```+|~~~+)[\s\S]*?^\1\s*$/gm, '');
}

/** The name by which a link reaches a heading, as GitHub makes it. */
export function anchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const names = [...prose(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(names);
}
