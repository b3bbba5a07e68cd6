/**
 * A page is written by hand but for its regions, which lie between two comments:
 *
 *     <!-- generated: NAME -->
 *     …
 *     <!-- end of NAME -->
 *
 * Returns the page with the content of every region replaced. Throws if page and regions do not name the same.
 */
export function withRegions(page: string, regions: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, content] of Object.entries(regions)) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end of ${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the page has no region "${name}"`);
    text = `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
  }
  const named = [...text.matchAll(/<!-- generated: (.+?) -->/g)].map(([, name]) => name ?? '');
  const unknown = named.filter((name) => !Object.hasOwn(regions, name));
  if (unknown.length > 0) throw new Error(`nothing makes the region "${unknown.join('", "')}"`);
  return text;
}

/** A table; the cells may hold what a table cannot, such as bars and line ends. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
